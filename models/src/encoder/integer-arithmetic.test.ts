import * as ort from 'onnxruntime-node';
import protobuf from 'protobufjs/minimal.js';
import { describe, expect, it } from 'vitest';
import { toIntegerArithmetic } from './integer-arithmetic.js';

type Write = (writer: protobuf.Writer) => protobuf.Writer;
const inside = (id: number, write: Write): Write => {
  return (writer) => write(writer.uint32((id << 3) | 2).fork()).ldelim();
};
const text =
  (id: number, value: string): Write =>
  (writer) =>
    writer.uint32((id << 3) | 2).string(value);
const whole =
  (id: number, value: number): Write =>
  (writer) =>
    writer.uint32(id << 3).int64(value);
const bytes =
  (id: number, value: Uint8Array): Write =>
  (writer) =>
    writer.uint32((id << 3) | 2).bytes(value);
const all =
  (...parts: Write[]): Write =>
  (writer) =>
    parts.reduce((into, part) => part(into), writer);

function tensor(name: string, dims: number[], values: Int8Array | Float32Array): Write {
  const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const type = values instanceof Int8Array ? 3 : 1;
  return inside(5, all(...dims.map((dim) => whole(1, dim)), whole(2, type), text(8, name), bytes(9, raw)));
}

function node(op: string, inputs: string[], output: string, attribute: Write = (writer) => writer): Write {
  return inside(1, all(...inputs.map((name) => text(1, name)), text(2, output), text(4, op), attribute));
}

function value(id: number, name: string, dims: number[]): Write {
  const shape = inside(2, all(...dims.map((dim) => inside(1, whole(1, dim)))));
  return inside(id, all(text(1, name), inside(2, inside(1, all(whole(1, 1), shape)))));
}

const toFloat = inside(5, all(text(1, 'to'), whole(3, 1), whole(20, 2)));

/** y = x · (float(W) * scale), as an encoder with 8-bit weights writes it. */
function model(scaleDims: number[], scales: number[]): Uint8Array {
  const graph = all(
    node('Cast', ['W'], 'wide', toFloat),
    node('Mul', ['wide', 'scale'], 'weights'),
    node('MatMul', ['x', 'weights'], 'y'),
    text(2, 'small'),
    tensor('W', [3, 2], Int8Array.of(10, -20, 30, 40, -50, 60)),
    tensor('scale', scaleDims, Float32Array.from(scales)),
    value(11, 'x', [2, 3]),
    value(12, 'y', [2, 2]),
  );
  const opset = inside(8, whole(2, 17));
  return all(whole(1, 8), inside(7, graph), opset)(protobuf.Writer.create()).finish();
}

async function run(file: Uint8Array): Promise<number[]> {
  const session = await ort.InferenceSession.create(file);
  const x = new ort.Tensor('float32', Float32Array.of(0.5, -1, 2, 1, 0.25, -0.75), [2, 3]);
  const { y } = await session.run({ x });
  await session.release();
  return Array.from(y?.data as Float32Array);
}

describe('computing in 8 bits', () => {
  it('gives nearly the same numbers for a product whose weights have one scale a column', async () => {
    const exact = model([1, 2], [0.01, 0.02]);
    const quick = toIntegerArithmetic(exact);
    expect(quick.rewritten).toBe(1);
    const [before, after] = [await run(exact), await run(quick.bytes)];
    after.forEach((number, k) => {
      expect(Math.abs(number - (before[k] ?? Number.NaN))).toBeLessThan(0.02);
    });
    expect(before).not.toEqual(after);
  });

  it('copies everything else as it is', async () => {
    const oneScaleARow = model([3, 1], [0.01, 0.02, 0.03]);
    const copied = toIntegerArithmetic(oneScaleARow);
    expect(copied.rewritten).toBe(0);
    expect(Buffer.from(copied.bytes).equals(oneScaleARow)).toBe(true);
  });

  it('throws at what is no model', () => {
    expect(() => toIntegerArithmetic(Uint8Array.of(0x3a, 0xff, 0x01, 0x02))).toThrow();
  });
});

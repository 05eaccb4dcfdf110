import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../metrics/index.js';
import { headScores, minimise, multiply, stack, trainSoftmax } from './index.js';

const random = seededRandom(2);
const numbers = (count: number) => Float32Array.from({ length: count }, () => random() - 0.5);

describe('products', () => {
  it('agree with a plain loop, in all three forms', async () => {
    const a = { rows: 3, columns: 4, data: numbers(12) };
    const b = { rows: 4, columns: 2, data: numbers(8) };
    const plain = await multiply(a, b);
    const at = (m: { columns: number; data: Float32Array }, r: number, c: number) => m.data[r * m.columns + c]!;
    for (let r = 0; r < 3; r++) {
      for (let c = 0; c < 2; c++) {
        let sum = 0;
        for (let i = 0; i < 4; i++) sum += at(a, r, i) * at(b, i, c);
        expect(at(plain, r, c)).toBeCloseTo(sum, 5);
      }
    }
    const flip = ({ rows, columns, data }: typeof a) => ({
      rows: columns,
      columns: rows,
      data: Float32Array.from({ length: data.length }, (_, i) => data[(i % rows) * columns + Math.floor(i / rows)]!),
    });
    expect([...(await multiply(flip(a), b, 'left-transposed')).data]).toEqual([...plain.data]);
    (await multiply(a, flip(b), 'right-transposed')).data.forEach((value, i) => {
      expect(value).toBeCloseTo(plain.data[i]!, 5);
    });
  });
});

describe('the minimiser', () => {
  it('finds the bottom of a narrow valley', async () => {
    const { point } = await minimise(
      new Float64Array([-1.2, 1]),
      ([x, y], gradient) => {
        gradient[0] = -400 * x! * (y! - x! * x!) - 2 * (1 - x!);
        gradient[1] = 200 * (y! - x! * x!);
        return 100 * (y! - x! * x!) ** 2 + (1 - x!) ** 2;
      },
      { steps: 500, tolerance: 1e-15 },
    );
    expect(point[0]).toBeCloseTo(1, 3);
    expect(point[1]).toBeCloseTo(1, 3);
  });
  it('stops when told to', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(minimise(new Float64Array(1), () => 0, { signal })).rejects.toThrow('enough');
  });
});

describe('the linear head', () => {
  const centres = Array.from({ length: 4 }, () => numbers(16));
  const rows = Array.from({ length: 200 }, (_, i) => centres[i % 4]!.map((v) => v + (random() - 0.5) * 0.8));
  const target = Int32Array.from(rows, (_, i) => i % 4);
  it('separates what can be separated, passes over rows nobody fits, and scores alike one by one and together', async () => {
    const withStrangers = [...rows, ...Array.from({ length: 20 }, () => numbers(16))];
    const labels = Int32Array.from(withStrangers, (_, i) => target[i] ?? -1);
    const head = await trainSoftmax(stack(withStrangers), labels, 4, { cost: 10 });
    const together = await headScores(head, rows);
    const single = await headScores(head, rows.slice(0, 1));
    single.forEach((score, k) => {
      expect(score).toBeCloseTo(together[k]!, 4);
    });
    const right = rows.filter((_, r) => {
      const own = [...together.subarray(r * 4, r * 4 + 4)];
      return own.indexOf(Math.max(...own)) === target[r];
    });
    expect(right.length / rows.length).toBeGreaterThan(0.9);
  });
});

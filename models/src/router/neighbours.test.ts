import { describe, expect, it } from 'vitest';
import type { Matrix } from '../experts/linear/index.js';
import { seededRandom } from '../metrics/index.js';
import { Neighbours } from './neighbours.js';

const random = seededRandom(4);

/** Unit vectors around a few centres, as tasks are. */
function clustered(rows: number, columns: number): Matrix {
  const centres = Array.from({ length: 40 }, () => Float32Array.from({ length: columns }, () => random() - 0.5));
  const data = new Float32Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    const vector = centres[r % 40]!.map((value) => value + (random() - 0.5) * 0.7);
    const length = Math.hypot(...vector);
    data.set(
      vector.map((value) => value / length),
      r * columns,
    );
  }
  return { rows, columns, data };
}

describe('neighbours', () => {
  const few = clustered(300, 10);
  const many = clustered(4000, 24);

  it('are exact among few, one by one and all at once', async () => {
    const index = await Neighbours.build(few, 1);
    await index.searchAll(few, 5, (r, together) => {
      const vector = few.data.slice(r * 10, r * 10 + 10);
      const single = index.search(vector, 5);
      expect(together.rows[0]).toBe(r);
      expect([...single.rows]).toEqual([...together.rows]);
      const cosines = Array.from({ length: 300 }, (_, i) =>
        vector.reduce((sum, value, d) => sum + value * few.data[i * 10 + d]!, 0),
      ).sort((a, b) => b - a);
      expect(single.cosines[4]).toBeCloseTo(cosines[4]!, 5);
    });
  });

  it('are mostly found among many without looking at all of them', async () => {
    const index = await Neighbours.build(many, 1);
    expect(index.centres.rows).toBeGreaterThan(50);
    let found = 0;
    const asked = { rows: 100, columns: 24, data: many.data.slice(0, 2400) };
    await index.searchAll(asked, 5, (r, exact) => {
      const near = new Set(index.search(many.data.slice(r * 24, r * 24 + 24), 5).rows);
      found += exact.rows.filter((row) => near.has(row)).length;
    });
    expect(found / 500).toBeGreaterThan(0.8);
  });

  it('are as many as there are', async () => {
    const index = await Neighbours.build(clustered(3, 8), 1);
    expect(index.search(new Float32Array(8), 10).rows).toHaveLength(3);
    const none = await Neighbours.build({ rows: 0, columns: 8, data: new Float32Array() }, 1);
    expect(none.search(new Float32Array(8), 10).rows).toHaveLength(0);
  });
});

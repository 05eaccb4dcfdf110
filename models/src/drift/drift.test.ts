import { describe, expect, it } from 'vitest';
import { seededRandom } from '../metrics/index.js';
import { type DriftRow, dataDrift, NEW_DETECTOR, watchRow } from './index.js';

const options = { baseline: 0.2, margin: 0.05, runLength: 2_000 };

describe('a rate that is watched for ever', () => {
  it('raises its first false alarm after the stated number of rows on average, at least', () => {
    let rows = 0;
    const runs = 30;
    for (let run = 0; run < runs; run++) {
      const random = seededRandom(run);
      let detector = NEW_DETECTOR;
      // Cut off at five times the length: what is cut off only lowers the mean.
      while (!detector.alarmed && detector.rows < 5 * options.runLength)
        detector = watchRow(detector, random() < 0.25 ? 1 : 0, options);
      rows += detector.rows / runs;
    }
    expect(rows).toBeGreaterThan(options.runLength);
  });

  it('notices within a hundred rows that errors went from a fifth to a half, after a long good time', () => {
    let worst = 0;
    for (let run = 0; run < 30; run++) {
      const random = seededRandom(run);
      let detector = NEW_DETECTOR;
      for (let i = 0; i < 500; i++) detector = watchRow(detector, random() < 0.15 ? 1 : 0, options);
      expect(detector.alarmed).toBe(false);
      let late = 0;
      while (!detector.alarmed) {
        detector = watchRow(detector, random() < 0.5 ? 1 : 0, options);
        late++;
      }
      worst = Math.max(worst, late);
      expect(detector.recent).toBeGreaterThan(0.2);
    }
    expect(worst).toBeLessThan(100);
  });

  it('survives a million bad rows as a plain number', () => {
    let detector = NEW_DETECTOR;
    for (let i = 0; i < 1_000_000; i++) detector = watchRow(detector, 1, options);
    expect(JSON.parse(JSON.stringify(detector))).toEqual(detector);
    expect(() => watchRow(detector, Number.NaN, options)).toThrow(/figure/);
  });
});

describe('tasks that look different', () => {
  const words = ['printer', 'paper', 'ink', 'screen', 'cable', 'login', 'password', 'mail', 'phone', 'door'];
  const rows = (
    seed: number,
    count: number,
    some: Partial<{ words: string[]; label: number; confidence: number }> = {},
  ) => {
    const random = seededRandom(seed);
    const vocabulary = some.words ?? words;
    return Array.from(
      { length: count },
      (): DriftRow => ({
        text: Array.from({ length: 5 }, () => vocabulary[Math.floor(random() * vocabulary.length)]).join(' '),
        shares: { label: random() < (some.label ?? 0.5) ? 'a' : 'b', source: 'mail' },
        numbers: { confidence: Math.min(1, random() * (some.confidence ?? 1)) },
      }),
    );
  };

  it('are not seen in two samples of the same, in at most one of fifty reports', () => {
    let seen = 0;
    for (let seed = 0; seed < 50; seed++)
      if (dataDrift(rows(seed, 300), rows(1_000 + seed, 300), { leastEffect: 0 }).drifted) seen++;
    expect(seen).toBeLessThanOrEqual(2);
  });

  it('are ranked by how much changed, with what changed', () => {
    const now = rows(2, 400, { label: 0.8, words: [...words.slice(0, 3), 'invoice', 'contract', 'tax', 'budget'] });
    const report = dataDrift(rows(1, 400), now);
    expect(report.drifted).toBe(true);
    expect(report.findings.filter((f) => f.drifted).map((f) => f.name)).toEqual(['text', 'label']);
    const label = report.findings.find((f) => f.name === 'label');
    expect(label?.effect).toBeGreaterThan(0.2);
    expect(label?.changes[0]?.now).not.toBeCloseTo(0.5, 1);
    expect(report.findings[0]?.changes.map((c) => c.value)).toContain('invoice');
  });

  it('are seen in the confidence alone', () => {
    const report = dataDrift(rows(1, 400), rows(2, 400, { confidence: 0.6 }));
    expect(report.findings[0]).toMatchObject({ kind: 'numbers', name: 'confidence', drifted: true });
  });

  it('are not judged from a handful of rows', () => {
    expect(dataDrift(rows(1, 10), rows(2, 400))).toMatchObject({ drifted: false, note: expect.stringContaining('50') });
  });
});

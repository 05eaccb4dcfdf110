import { describe, expect, it } from 'vitest';
import { seededRandom } from '../metrics/index.js';
import { type AuditRow, auditFairness, holm, scriptOf, slicesOfTask, upperTail } from './index.js';

function rows(seed: number, accuracyOf: (source: string) => number, waitOf = (_source: string) => 1_000): AuditRow[] {
  const random = seededRandom(seed);
  return Array.from({ length: 1_200 }, (_, i) => {
    const source = ['mail', 'chat', 'phone', 'web', 'form', 'api'][i % 6] as string;
    return {
      slices: { source, priority: ['high', 'low'][i % 2] as string, repository: `r${i % 10}` },
      right: random() < accuracyOf(source),
      abstained: random() < 0.1,
      confidence: 0.8,
      waitMs: waitOf(source) * (0.5 + random()),
    };
  });
}

describe('a fairness audit', () => {
  it('finds the slice that is served worse, says by how much, and fails the gate', () => {
    const report = auditFairness(rows(1, (source) => (source === 'chat' ? 0.5 : 0.8)));
    expect(report.passes).toBe(false);
    expect(report.gaps[0]).toMatchObject({ dimension: 'source', value: 'chat', unfair: true });
    const accuracy = report.gaps.find((gap) => gap.value === 'chat' && gap.figure === 'accuracy');
    expect(accuracy?.low).toBeLessThan(-0.3 + 0.15);
    expect(accuracy?.high).toBeLessThan(0);
    expect(report.reasons.join()).toMatch(/source chat: accuracy 0\.\d+ against 0\.\d+/);
  });

  it('sees who has to wait longer', () => {
    const report = auditFairness(
      rows(
        2,
        () => 0.8,
        (source) => (source === 'phone' ? 3_000 : 1_000),
      ),
    );
    expect(report.gaps.filter((gap) => gap.unfair).map((gap) => `${gap.value} ${gap.figure}`)).toEqual([
      'phone waiting',
    ]);
  });

  it('accuses nobody in more than one of twenty audits of equal slices, though each makes dozens of comparisons', () => {
    let accused = 0;
    for (let seed = 0; seed < 100; seed++) {
      const report = auditFairness(
        rows(seed, () => 0.8),
        { tolerance: { share: 0, waiting: 0 } },
      );
      expect(report.tests).toBeGreaterThan(40);
      if (!report.passes) accused++;
    }
    expect(accused).toBeLessThanOrEqual(12);
  });

  it('does not judge a slice of a few rows, and says so', () => {
    const few = rows(3, () => 0.8).slice(0, 300);
    const report = auditFairness([...few, ...few.slice(0, 5).map((row) => ({ ...row, slices: { source: 'fax' } }))]);
    expect(report.unjudged).toContain('source fax');
  });

  it('has nothing to say of no rows', () => {
    expect(auditFairness([])).toMatchObject({ rows: 0, tests: 0, passes: true, gaps: [] });
  });
});

it('corrects for the number of looks as Holm did', () => {
  expect(holm([0.01, 0.04, 0.03, 0.005])).toEqual([0.03, 0.06, 0.06, 0.02]);
  expect(upperTail(1.96)).toBeCloseTo(0.025, 4);
  expect(upperTail(-1.96)).toBeCloseTo(0.975, 4);
});

it('knows the slices of a task, the language by its word or by its script', () => {
  expect(
    slicesOfTask({ text: 'Fix it', source: 'github', priority: 'high', labels: { team: 'core', language: 'de' } }),
  ).toEqual({ source: 'github', priority: 'high', 'label.team': 'core', language: 'de' });
  expect(scriptOf('Исправь это please')).toBe('Cyrillic');
  expect(scriptOf('直してください')).toBe('Japanese');
  expect(scriptOf('修复')).toBe('Han');
  expect(scriptOf('42')).toBe('none');
});

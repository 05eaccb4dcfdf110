import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { METRICS, prometheusName } from './metrics.js';

it('docs/telemetry.md has the row of every metric, and no other', () => {
  const doc = readFileSync(new URL('../../docs/telemetry.md', import.meta.url), 'utf8');
  const rows = doc
    .slice(doc.indexOf('## Every metric'))
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  const expected = Object.values(METRICS).map((metric) => {
    const labels = metric.labels.map((label) => `\`${label}\``).join(', ') || '–';
    return `| \`${metric.name}\` | \`${prometheusName(metric)}\` | ${metric.kind} | ${metric.unit} | ${labels} | ${metric.description} |`;
  });
  expect(rows).toEqual(expected);
});

it('a unit is spelt once, an annotation not at all, and a counter ends in total', () => {
  const name = (name: string, kind: 'counter' | 'gauge' | 'histogram', unit: string) =>
    prometheusName({ name, kind, unit });
  expect(name('a.duration', 'histogram', 's')).toBe('a_duration_seconds');
  expect(name('a.seconds', 'gauge', 's')).toBe('a_seconds');
  expect(name('a.size', 'gauge', 'By')).toBe('a_size_bytes');
  expect(name('a.share', 'gauge', '1')).toBe('a_share_ratio');
  expect(name('a.tasks', 'counter', '{task}')).toBe('a_tasks_total');
  expect(name('a.cost', 'counter', 'USD')).toBe('a_cost_USD_total');
});

// Boards and alerts ask for metrics that exist: every `cortex_` name in them is one that the schemas declare, spelt as
// the collector spells it for Prometheus. A renamed metric would otherwise leave an empty panel that nobody sees.
import { readdirSync, readFileSync } from 'node:fs';
import { METRICS } from '@cortex/schemas';
import { describe, expect, it } from 'vitest';

const at = (path) => new URL(path, import.meta.url);
const boards = readdirSync(at('boards/')).map((file) => [file, JSON.parse(readFileSync(at(`boards/${file}`), 'utf8'))]);

// Dots become underscores, `s` becomes `_seconds`; a counter ends in `_total`, a histogram has buckets.
const spelt = new Set(
  Object.values(METRICS).flatMap(({ name, unit }) => {
    const base = name.replaceAll('.', '_');
    return unit === 's' ? ['bucket', 'sum', 'count'].map((part) => `${base}_seconds_${part}`) : [`${base}_total`];
  }),
);
const asked = (text) => text.match(/\b(cortex|messaging)_[a-z_]+/g) ?? [];

describe('boards', () => {
  it.each(boards)('%s asks only for metrics that the schemas declare', (_, board) => {
    const names = board.panels.flatMap((panel) => panel.targets.flatMap(({ expr }) => asked(expr)));
    expect(names.length).toBeGreaterThan(10);
    expect(names.filter((name) => !spelt.has(name))).toEqual([]);
  });

  it.each(boards)('%s has a title and a known data source for every panel, and no panel over another', (_, board) => {
    const known = readFileSync(at('provisioning/datasources/cortex.yaml'), 'utf8');
    const taken = new Set();
    for (const { title, datasource, gridPos } of board.panels) {
      expect(title).toBeTruthy();
      expect(known).toContain(`uid: ${datasource.uid}\n`);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken.has(`${x},${y}`), `${title} lies over another panel`).toBe(false);
          taken.add(`${x},${y}`);
        }
      }
    }
  });

  it('alerts ask only for metrics that the schemas declare', () => {
    const alerts = readFileSync(at('../prometheus/alerts.yml'), 'utf8').match(/expr: .*/g) ?? [];
    expect(alerts.flatMap(asked).filter((name) => !spelt.has(name))).toEqual([]);
  });
});

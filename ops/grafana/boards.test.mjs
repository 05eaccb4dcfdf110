// Boards and alerts ask for metrics that exist: every name in them is one that the schemas declare, spelt as Prometheus has it. Whether an
// expression finds anything is asked of a real Prometheus in test/src/boards.
import { readdirSync, readFileSync } from 'node:fs';
import { METRICS, prometheusName } from '@cortex/schemas';
import { describe, expect, it } from 'vitest';
import { boardFiles } from './boards.mjs';

const at = (path) => new URL(path, import.meta.url);
const boards = readdirSync(at('boards/')).map((file) => [file, JSON.parse(readFileSync(at(`boards/${file}`), 'utf8'))]);

const spelt = new Set(
  Object.values(METRICS).flatMap((metric) => {
    const name = prometheusName(metric);
    return metric.kind === 'histogram' ? ['bucket', 'sum', 'count'].map((part) => `${name}_${part}`) : [name];
  }),
);
const asked = (text) => text.match(/\b(cortex|messaging|process|nodejs|gen_ai_client)_[a-zA-Z0-9_]+/g) ?? [];

describe('boards', () => {
  it('are what boards.mjs says: `node ops/grafana/boards.mjs` writes them', () => {
    // As data: how the files are laid out is the formatter's business.
    const said = [...boardFiles()].map(([file, content]) => [file, JSON.parse(content)]);
    expect(Object.fromEntries(boards)).toEqual(Object.fromEntries(said));
  });

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
          expect(x).toBeLessThan(24);
          expect(taken.has(`${x},${y}`), `${title} lies over another panel`).toBe(false);
          taken.add(`${x},${y}`);
        }
      }
    }
  });

  it('alerts ask only for metrics that the schemas declare', () => {
    const alerts = readFileSync(at('../prometheus/alerts.yml'), 'utf8');
    const names = alerts.match(/expr: .*/g)?.flatMap(asked) ?? [];
    expect(names.length).toBeGreaterThan(8);
    expect(names.filter((name) => !spelt.has(name))).toEqual([]);
  });
});

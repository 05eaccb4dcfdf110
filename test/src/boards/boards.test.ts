// Every expression of every board, asked of a real Prometheus that scraped a real system: an empty panel is red. And the alert rules, by promtool.
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describeOnServer, until } from '@cortex/bus/testing';
import { METRICS, prometheusName } from '@cortex/schemas';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Prometheus, prometheusFolder, startPrometheus } from './prometheus.js';
import { type Run, startRun } from './run.js';

const OPS = fileURLToPath(new URL('../../../ops/', import.meta.url));
const found = prometheusFolder();
const missing = 'missing' in found ? found.missing : undefined;
const folder = 'path' in found ? found.path : '';
const title = 'with a real Prometheus';

interface Board {
  readonly title: string;
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[];
}
const boards = readdirSync(join(OPS, 'grafana/boards')).map(
  (file) => JSON.parse(readFileSync(join(OPS, 'grafana/boards', file), 'utf8')) as Board,
);
const panels = boards.flatMap((board) =>
  board.panels.flatMap((panel) =>
    panel.targets.map(({ expr }) => ({
      name: `${board.title}, ${panel.title}`,
      expr: expr.replaceAll('$__rate_interval', '5m'),
    })),
  ),
);

describe.skipIf(missing !== undefined)(missing ? `${title} (skipped: ${missing})` : title, () => {
  describeOnServer('boards', (suite) => {
    let run: Run;
    let prometheus: Prometheus;
    beforeAll(async () => {
      run = await startRun(suite);
      prometheus = await startPrometheus(folder, run.monitor.url);
      const one = async (expression: string) => (await prometheus.query(expression))[0] ?? 0;
      const settled = 'sum(cortex_steps_total{step="corrected"})';
      // What a window shows is the difference between two scrapes: one with the first round in it, one with the second.
      for (const round of [1, 2]) {
        await run.round();
        await until(`round ${round} to be scraped`, async () => (await one(settled)) >= round, 30_000);
      }
      await until('the trial to be judged', async () => (await one('max(cortex_trial_units)')) >= 25, 60_000);
      await until('the training to have ended', async () => (await one('sum(cortex_training_jobs_total)')) > 0, 60_000);
      await until('the alert', async () => (await one('sum(cortex_alerts_total)')) > 0, 60_000);
      await until('the drift watch', async () => (await prometheus.query('cortex_model_failures')).length > 1, 60_000);
      await until('the redelivery', async () => (await one('sum(cortex_redeliveries_total)')) > 0, 60_000);
    }, 240_000);
    afterAll(async () => {
      await prometheus?.stop();
      await run?.stop();
    }, 60_000);

    it.each(panels)('$name', async ({ expr }) => {
      const values = await prometheus.query(expr);
      expect(values.filter(Number.isFinite), expr).not.toEqual([]);
    });

    it('an expression that finds nothing is told from one that does', async () => {
      expect(await prometheus.query('cortex_no_such_metric_total')).toEqual([]);
      await expect(prometheus.query('sum(')).rejects.toThrow(/parse error/);
    });

    it('figures mean what they say', async () => {
      // 4 tasks a round went to security by the router, of which one does not succeed; one is corrected at once, one later.
      const one = async (expression: string) => (await prometheus.query(expression))[0];
      expect(await one('sum(cortex_outcomes_total{master="security",success="false"})')).toBe(2);
      expect(await one('sum(cortex_routing_judged_total{master="security",by="person",right="false"})')).toBe(4);
      expect(await one('sum(cortex_routing_missed_total{master="development"})')).toBe(4);
      expect(await one('sum(cortex_reviews_total{event="requested"})')).toBe(2);
      expect(await one('sum(cortex_dead_letters_total{stream="TASKS"})')).toBe(2);
      // Seven actors, and the two workers, which share one name.
      expect(await one('count(cortex_actor_state{state=~"ready|degraded"} == 1)')).toBe(8);
      expect(await one('sum(cortex_workers{master="development"})')).toBe(1);
    });

    it('most metrics of the list were really said, each under its declared name', async () => {
      const response = await fetch(`${run.monitor.url}/metrics`);
      const text = await response.text();
      const said = Object.values(METRICS).filter((metric) => text.includes(`# TYPE ${prometheusName(metric)} `));
      expect(Object.values(METRICS).length - said.length).toBeLessThanOrEqual(4);
      const known = new Set([...Object.values(METRICS).map(prometheusName), 'target_info']);
      const strange = [...text.matchAll(/^# TYPE (\S+) /gm)]
        .map(([, name]) => name ?? '')
        .filter((name) => !known.has(name));
      expect(strange).toEqual([]);
    });
  });

  describe('alert rules', () => {
    const promtool = promisify(execFile);
    const rules = join(OPS, 'prometheus');

    it('are well formed, and so is the configuration', async () => {
      const { stdout } = await promtool(join(folder, 'promtool'), ['check', 'rules', join(rules, 'alerts.yml')]);
      expect(stdout).toMatch(/SUCCESS: 13 rules found/);
      await promtool(join(folder, 'promtool'), ['check', 'config', join(rules, 'prometheus.yml')]);
    });

    it('fire on their fault and on nothing else, each of them', async () => {
      const { stdout } = await promtool(join(folder, 'promtool'), ['test', 'rules', join(rules, 'alerts.test.yml')]);
      expect(stdout).toContain('SUCCESS');
      const names = [...(await readFile(join(rules, 'alerts.yml'), 'utf8')).matchAll(/alert: (\w+)/g)].map(
        ([, name]) => name,
      );
      const tests = await readFile(join(rules, 'alerts.test.yml'), 'utf8');
      for (const name of names)
        expect(tests, `${name} has a test in which it fires`).toMatch(
          new RegExp(`alertname: ${name}\\n\\s+exp_alerts:`),
        );
    });

    it('their test is red when a rule is not what it was', async () => {
      const scratch = await mkdtemp(join(tmpdir(), 'cortex-rules-'));
      try {
        const text = await readFile(join(rules, 'alerts.yml'), 'utf8');
        await writeFile(join(scratch, 'alerts.yml'), text.replace('> 0.8', '> 0.95'));
        await writeFile(join(scratch, 'alerts.test.yml'), await readFile(join(rules, 'alerts.test.yml')));
        await expect(
          promtool(join(folder, 'promtool'), ['test', 'rules', join(scratch, 'alerts.test.yml')]),
        ).rejects.toThrow(/StreamNearlyFull/);
      } finally {
        await rm(scratch, { recursive: true, force: true });
      }
    });
  });
});

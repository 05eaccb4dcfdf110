import { METRICS, prometheusName } from '@cortex/schemas';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { count, gauge, observe, record } from './metrics.js';
import type { Telemetry } from './options.js';
import { MOST_VALUES, OTHER } from './series.js';
import { startTelemetry } from './setup.js';

let telemetry: Telemetry;
beforeEach(async () => {
  telemetry = await startTelemetry({ service: 'test' });
});
afterEach(() => telemetry.shutdown());

const text = async () => (await telemetry.metricsText?.()) ?? '';
const lines = async (name: string) =>
  (await text()).split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));

describe('metrics', () => {
  it('are spelt for Prometheus as a collector spells them: unit in the name, total at the end of a counter', async () => {
    count('decisions', { master: 'security', method: 'rule', arm: 'champion' }, 2);
    count('taskCost', { master: 'security' }, 0.5);
    record('decisionLatency', 0.004, { method: 'rule' });
    gauge('modelAge', 60, { family: 'router', alias: 'champion' });
    expect(await lines('cortex_decisions_total')).toEqual([
      'cortex_decisions_total{master="security",method="rule",arm="champion"} 2',
    ]);
    expect(await lines('cortex_task_cost_USD_total')).toEqual(['cortex_task_cost_USD_total{master="security"} 0.5']);
    expect(await lines('cortex_decision_duration_seconds_count')).toHaveLength(1);
    expect(await lines('cortex_decision_duration_seconds_bucket')).toContain(
      'cortex_decision_duration_seconds_bucket{method="rule",le="0.005"} 1',
    );
    expect(await lines('cortex_model_age_seconds')).toHaveLength(1);
  });

  it('stay bounded when there are many masters with hostile names', async () => {
    for (let i = 0; i < 10 * MOST_VALUES; i++)
      count('decisions', { master: `"}\n# x ${i} ${'long'.repeat(50)}`.slice(0, 90), method: 'rule', arm: 'champion' });
    for (let i = 0; i < 10 * MOST_VALUES; i++) count('decisions', { master: `m${i}`, method: 'rule', arm: 'champion' });
    const all = await lines('cortex_decisions_total');
    expect(all).toHaveLength(MOST_VALUES + 1);
    expect(all.find((line) => line.includes(`master="${OTHER}"`))).toMatch(/} 1900$/);
    // One line each: a name cannot end its own line or label.
    expect((await text()).split('\n').filter((line) => line.startsWith('# x'))).toEqual([]);
    expect(Math.max(...all.map((line) => line.length))).toBeLessThan(250);
  });

  it('take no number that is none', async () => {
    count('taskTokens', { master: 'm' }, Number.NaN);
    count('taskTokens', { master: 'm' }, -1);
    record('decisionLatency', Number.POSITIVE_INFINITY, { method: 'rule' });
    gauge('modelAge', Number.NaN, { family: 'router' });
    expect(await lines('cortex_task_tokens_total')).toEqual([]);
    expect(await lines('cortex_decision_duration_seconds_count')).toEqual([]);
    expect(await lines('cortex_model_age_seconds')).toEqual([]);
  });

  it('forget a series that is not observed any more', async () => {
    let masters = ['a', 'b'];
    const end = observe('waiting', () => masters.map((master) => [3, { master, priority: 'high' }] as const));
    expect(await lines('cortex_work_waiting')).toHaveLength(2);
    masters = ['b'];
    expect(await lines('cortex_work_waiting')).toEqual(['cortex_work_waiting{master="b",priority="high"} 3']);
    masters = ['a', 'b'];
    expect(await lines('cortex_work_waiting')).toHaveLength(2);
    end();
    expect(await lines('cortex_work_waiting')).toEqual([]);
  });

  it('say what the process needs', async () => {
    for (const name of ['process_uptime_seconds', 'process_memory_usage_bytes', 'nodejs_eventloop_delay_p99_seconds'])
      expect(await lines(name)).toHaveLength(1);
    expect(await lines('process_cpu_time_seconds_total')).toHaveLength(2);
  });

  it('have names of their own, also as Prometheus spells them', () => {
    const names = Object.values(METRICS).map(prometheusName);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-zA-Z_][a-zA-Z0-9_]*$/);
  });
});

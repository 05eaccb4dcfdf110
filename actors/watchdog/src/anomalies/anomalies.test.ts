import { silentLogger, until } from '@cortex/bus';
import type { TelemetryWindow as Row } from '@cortex/models';
import { describe, expect, it } from 'vitest';
import type { Finding } from '../finding.js';
import { watchAnomalies } from './anomalies.js';
import { openBudget } from './budget.js';
import { openScorer, type Scorer } from './scorer.js';

function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

/** A worker's windows: load, memory, a counter of tasks, and a gauge that is missing half of the time. */
function rows(worker: string, count: number, seed: number, from: number, leak: (t: number) => number = () => 0): Row[] {
  const next = random(seed);
  let done = from * 3;
  return Array.from({ length: count }, (_, t) => {
    done += 2 + Math.floor(next() * 3);
    const gauges: Record<string, number> = {
      cpu: 0.4 + 0.2 * next(),
      memory_mb: 300 + 20 * next() + leak(t),
      tasks_done: done,
      ...(next() < 0.5 ? { tokens: 800 + 200 * next() } : {}),
    };
    return { worker, master: 'security', mean: gauges, last: gauges };
  });
}

async function scores(scorer: Scorer, all: readonly Row[]) {
  const found = [];
  for (const row of all) found.push(await scorer.take(row));
  return found;
}

describe('anomalies of a worker', () => {
  it('are found when its memory leaks, naming the gauge, with missing values and counters among them', async () => {
    const scorer = openScorer();
    const budget = openBudget(() => 4);
    const findings: Finding[] = [];
    let now = 0;
    const feed = async (all: readonly Row[]) => {
      for (const score of await scores(scorer, all)) {
        now += 10_000;
        const finding = score && budget.take(score, now);
        if (finding) findings.push(finding);
      }
    };
    await feed(rows('w-1', 420, 1, 0));
    const calm = findings.length;
    await feed(rows('w-1', 40, 2, 420, (t) => 8 * t));
    expect(calm).toBeLessThanOrEqual(1);
    expect(findings.length).toBeGreaterThan(calm);
    expect(findings.at(-1)).toMatchObject({ kind: 'anomaly', worker: 'w-1' });
    const gauges = findings.at(-1)?.evidence.gauges as { gauge: string }[] | undefined;
    expect(gauges?.[0]?.gauge).toBe('memory_mb');
  });

  it('cost at most the alerts of the budget over days, however odd the scores are', () => {
    const budget = openBudget(() => 2);
    const next = random(5);
    let alerts = 0;
    for (let t = 0; t < 3 * 8_640; t++) {
      const spike = next() < 0.01 ? 50 * next() : next();
      const score = { worker: `w-${t % 5}`, master: 'm', ratio: spike, gauges: [], learned: 120, autoencoder: false };
      if (budget.take(score, t * 10_000)) alerts++;
    }
    expect(alerts).toBeLessThanOrEqual(8);
  });
});

it('are scored in a thread, as telemetry comes', async () => {
  const findings: Finding[] = [];
  const watch = watchAnomalies({
    windowMs: 1,
    aDay: () => 10_000,
    onFindings: (found) => findings.push(...found),
    log: silentLogger,
    scorer: { learn: 64 },
  });
  let now = 0;
  const feed = (all: readonly Row[]) => {
    for (const { mean } of all) {
      now += 10;
      watch.take({ kind: 'beat', worker: 'w-1', master: 'm', at: now, status: 'busy', tasks: [], gauges: mean }, now);
      watch.tick(now + 5);
    }
  };
  feed(rows('w-1', 400, 3, 0));
  feed(rows('w-1', 30, 4, 400, (t) => 30 * t));
  await until('a finding', () => findings.some(({ severity }) => severity !== 'critical'), 60_000);
  expect(findings[0]?.worker).toBe('w-1');
  await watch.stop();
}, 90_000);

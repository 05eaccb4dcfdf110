// The world changes in the middle: two masters swap their work. Nobody tells the system; it has to notice, learn anew and recover.
import { until } from '@cortex/bus/testing';
import { changedMasters, forgetChanged } from '@cortex/models';
import { readLog } from '../harness/ledger.js';
import { AGE_MS, HABITS, type Share, share } from './improve.js';
import { openWorld } from './people.js';
import { learntRows } from './rows.js';
import { type System, startSystem, untilServes } from './system.js';
import { firstRows, readTickets } from './tickets.js';

export interface ShiftOptions {
  readonly data: string;
  /** Tasks before the swap, and after it. */
  readonly before: number;
  readonly after: number;
  readonly seed: number;
  readonly log: (line: string) => void;
}

export interface ShiftReport {
  readonly swapped: readonly [string, string];
  readonly accuracy_before: Share;
  /** Of the tasks between the swap and the first promotion after it. */
  readonly accuracy_broken: Share;
  /** Of the last 300 tasks. */
  readonly accuracy_recovered: Share;
  readonly alarm_after_tasks: number | null;
  readonly alarms: readonly string[];
  readonly trainings: number;
  readonly promotions: number;
  readonly champion: string;
  /** How each version's trial ended. */
  readonly trials: readonly string[];
  readonly lost: number;
}

const STEP = 50;

export async function runShift(options: ShiftOptions): Promise<ShiftReport> {
  const { first, stream } = readTickets(options.data, 100, options.before + options.after, options.seed);
  const counts = new Map<string, number>();
  for (const { label } of stream) counts.set(label, (counts.get(label) ?? 0) + 1);
  const [a = '', b = ''] = [...counts].sort((x, y) => y[1] - x[1]).map(([label]) => label);
  const swap = (label: string) => (label === a ? b : label === b ? a : label);
  const system = await startSystem({
    masters: new Map([...first.keys()].map((name) => [name, []])),
    deployer: {
      families: ['router'],
      outcome_age_ms: AGE_MS,
      stage_ms: 0,
      tick_ms: 250,
      units: [8, 20, 40],
      probation_units: 100,
      supersede_units: 400,
      baseline_units: 150,
    },
    log: options.log,
  });
  const world = openWorld(system.bus, 'shift', HABITS, options.seed);
  try {
    const base = await system.publish(firstRows(first));
    await untilServes(system, base);
    const alarms = () => system.alerts.filter(({ kind }) => kind === 'model-drift');
    let alarmAt: number | null = null;
    let trainings = 0;
    let learntAt = 0;
    const tickets = [
      ...stream.slice(0, options.before),
      ...stream.slice(options.before).map((t) => ({ ...t, label: swap(t.label) })),
    ];
    for (let from = 0; from < tickets.length; from += STEP) {
      await world.send(tickets.slice(from, from + STEP));
      await new Promise((resolve) => setTimeout(resolve, AGE_MS));
      if (alarmAt === null && alarms().length > 0) {
        alarmAt = from + STEP;
        options.log(`alarm after ${from + STEP} tasks: ${alarms()[0]?.summary}`);
      }
      if ((from + STEP) % 200 === 0) {
        const trial = await system.trial();
        const pairs = trial?.evidence.pairs;
        const lately = world.told.slice(-200).filter(({ right }) => right).length;
        options.log(
          `${from + STEP} tasks, ${lately / 2} % of the last 200 right; ${trial?.phase} ${trial?.candidate ?? ''} ${pairs?.disagreements ?? 0} disagreements, gain ${pairs?.gain.toFixed(1)}, evidence ${pairs?.better.peak.toFixed(1)}`,
        );
      }
      // The alarm asks for a training; while things are unsettled, so do each 400 tasks more.
      if (alarmAt !== null && (trainings === 0 || from + STEP - learntAt >= 400)) {
        learntAt = from + STEP;
        trainings++;
        await relearn(system, first, base, options.log);
      }
    }
    await world.settled();
    const ordered = [...world.told].sort((x, y) => x.n - y.n);
    const promoted = ordered.findIndex(
      ({ n, model, arm }) => n > options.before && model !== base && arm === 'champion',
    );
    const of = (rows: typeof ordered) =>
      share(rows.filter(({ right }) => right).length / Math.max(1, rows.length), rows.length);
    const { champion = '', history } = await system.registry.aliases('router');
    return {
      swapped: [a, b],
      accuracy_before: of(ordered.slice(0, options.before)),
      accuracy_broken: of(ordered.slice(options.before, promoted === -1 ? undefined : promoted)),
      accuracy_recovered: of(ordered.slice(-300)),
      alarm_after_tasks: alarmAt === null ? null : alarmAt - options.before,
      alarms: alarms().map(({ summary }) => summary),
      trainings,
      promotions: history.filter(({ event }) => event === 'promoted').length - 1,
      champion,
      trials: ((await system.trial())?.past ?? []).map(
        ({ candidate, ended, reason }) => `${candidate} ${ended}: ${reason}`,
      ),
      lost: tickets.length - world.told.length,
    };
  } finally {
    world.close();
    await system.stop();
  }
}

/** What was learnt from masters that changed is forgotten from before they did. */
async function relearn(
  system: System,
  first: ReadonlyMap<string, readonly string[]>,
  base: string,
  log: (line: string) => void,
): Promise<void> {
  const outcomes = [...(await readLog(system.bus)).values()].flatMap((entries) => {
    const decided = entries.find(({ record }) => record.step === 'decided');
    const outcome = entries.at(-1)?.record.outcome;
    const { decision } = decided?.record ?? {};
    // The champion that the swap hit: later ones already know of it.
    if (!decided || !decision || !outcome || decision.models.router !== base) return [];
    return [{ master: decision.master, at: decided.storedAt, failed: outcome.success === true ? 0 : 1 }];
  });
  const changed = changedMasters(outcomes.sort((x, y) => x.at - y.at));
  const rows = [...firstRows(first).map((row) => ({ ...row, weight: 1 })), ...(await learntRows(system.bus))];
  const kept = forgetChanged<{ text: string; label: string; weight?: number; at?: number }>(rows, changed);
  const version = await system.publish(
    kept.map(({ text, label, weight }) => ({ text, label, ...(weight ? { weight } : {}) })),
  );
  log(
    `${version} learnt from ${kept.length} of ${rows.length} rows; changed: ${[...changed.keys()].join(', ') || 'nobody'}`,
  );
  await until('the new version to be seen', async () => ((await system.trial())?.judgedUpTo ?? 0) > 1, 30_000);
}

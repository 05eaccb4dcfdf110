// The world changes in the middle: two masters swap their work. Nobody tells the system, and nobody but its actors does anything: the deployer's
// alarm, the trainer's jobs, the deployer's trials.
import { until } from '@cortex/bus/testing';
import { AGE_MS, HABITS, PATIENCE_MS, type Share, share } from './improve.js';
import { openWorld } from './people.js';
import { startSystem, untilSpeaks } from './system.js';
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
/** Settled tasks that ask for a training. */
const VOLUME = 300;

export async function runShift(options: ShiftOptions): Promise<ShiftReport> {
  const { first, stream } = readTickets(options.data, 40, options.before + options.after, options.seed);
  const counts = new Map<string, number>();
  for (const { label } of stream) counts.set(label, (counts.get(label) ?? 0) + 1);
  const [a = '', b = ''] = [...counts].sort((x, y) => y[1] - x[1]).map(([label]) => label);
  const swap = (label: string) => (label === a ? b : label === b ? a : label);
  const known = firstRows(first);
  const system = await startSystem({
    masters: new Map([...first.keys()].map((name) => [name, []])),
    deployer: {
      families: ['router'],
      outcome_age_ms: AGE_MS,
      stage_ms: 0,
      slow_ms: PATIENCE_MS,
      load_ms: 300_000,
      tick_ms: 250,
      units: [3, 8, 16],
      probation_units: 50,
      own_units: 60,
      baseline_units: 150,
    },
    trainer: { volume: VOLUME, drift_pause_minutes: 0.1 },
    patienceMs: PATIENCE_MS,
    log: options.log,
  });
  // The first tasks are watched closely: whatever goes wrong is corrected.
  const closely = openWorld(system.bus, 'known', { ...HABITS, corrected: 1, delayed: 0, wrong: 0, missing: 0 }, 1);
  const world = openWorld(system.bus, 'shift', HABITS, options.seed);
  try {
    let trainings = 0;
    let newestTrained = '';
    system.bus.nc.subscribe(system.bus.subjects.modelEvents, {
      callback: (_, message) => {
        const { event, version = '', reason } = message.json<{ event: string; version?: string; reason?: string }>();
        if (event === 'trained' && version.startsWith('router@')) {
          trainings++;
          newestTrained = version;
        }
        options.log(`after ${world.told.length} tasks: ${event} ${version} ${reason ?? ''}`);
      },
    });
    await closely.send(known);
    await closely.settled();
    await until('the first version', async () => (await system.registry.aliases('router')).champion, 300_000);
    const alarms = () => system.alerts.filter(({ kind }) => kind === 'model-drift');
    let alarmAt: number | null = null;
    let learntFrom = 0;
    let trainedBefore = 0;
    let alarmsBefore = 0;
    const tickets = [
      ...stream.slice(0, options.before),
      ...stream.slice(options.before).map((t) => ({ ...t, label: swap(t.label) })),
    ];
    for (let from = 0; from < tickets.length; from += STEP) {
      if (from === options.before) {
        trainedBefore = trainings;
        alarmsBefore = alarms().length;
        options.log(`${a} and ${b} swap`);
      }
      await world.send(tickets.slice(from, from + STEP));
      await new Promise((resolve) => setTimeout(resolve, AGE_MS));
      const sent = from + STEP;
      const since = from >= options.before ? alarms().slice(alarmsBefore) : [];
      if (alarmAt === null && since.length > 0) {
        alarmAt = sent;
        options.log(`alarm after ${sent} tasks: ${since[0]?.summary}`);
        // In life a training takes an hour's tasks, and an outcome a few; here neither may depend on how fast this machine is.
        const before = trainings;
        await until('the training that drift asks for', () => trainings > before, 600_000);
        await untilSpeaks(system, newestTrained);
      }
      if (world.reported() - learntFrom >= VOLUME && sent < tickets.length) {
        const before = trainings;
        await until('the next training', () => trainings > before, 600_000);
        await untilSpeaks(system, newestTrained);
        learntFrom = world.reported();
      }
      if (sent % 200 > 0) continue;
      const pairs = (await system.trial())?.evidence.pairs;
      const lately = world.told.slice(-200).filter(({ right }) => right).length;
      options.log(
        `${sent} tasks, ${lately / 2} % of the last 200 right; ${pairs?.disagreements ?? 0} disagreements, gain ${pairs?.gain.toFixed(1)}`,
      );
    }
    await world.settled();
    const ordered = [...world.told].sort((x, y) => x.n - y.n);
    const { champion = '', history } = await system.registry.aliases('router');
    const changed = ordered[options.before]?.model;
    const recovered = ordered.findIndex(
      ({ n, model, arm }) => n > options.before && model !== changed && arm === 'champion',
    );
    const of = (rows: typeof ordered) =>
      share(rows.filter(({ right }) => right).length / Math.max(1, rows.length), rows.length);
    return {
      swapped: [a, b],
      accuracy_before: of(ordered.slice(0, options.before)),
      accuracy_broken: of(ordered.slice(options.before, recovered === -1 ? undefined : recovered)),
      accuracy_recovered: of(ordered.slice(-300)),
      alarm_after_tasks: alarmAt === null ? null : alarmAt - options.before,
      alarms: alarms().map(({ summary }) => summary),
      trainings: trainings - trainedBefore,
      promotions: history.filter(({ event }) => event === 'promoted').length - 1,
      champion,
      trials: ((await system.trial())?.past ?? []).map(
        ({ candidate, ended, reason }) => `${candidate} ${ended}: ${reason}`,
      ),
      lost: tickets.length - world.told.length,
    };
  } finally {
    world.close();
    closely.close();
    await system.stop();
  }
}

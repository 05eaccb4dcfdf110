// Four versions that would do harm, each published like any other: none may reach a quarter of the traffic, and hardly a task may suffer.
import { until } from '@cortex/bus/testing';
import { seededRandom, type TrainingRow } from '@cortex/models';
import { AGE_MS, HABITS } from './improve.js';
import { openWorld } from './people.js';
import { startSystem, type Through, type Ticket, untilServes } from './system.js';
import { firstRows, readTickets } from './tickets.js';

export interface HarmOptions {
  readonly data: string;
  /** Traffic of each scenario. */
  readonly tasks: number;
  readonly seed: number;
  /** Straight to a share of the traffic, without a shadow before: what the canary alone stops. */
  readonly straight: boolean;
  /** Goes on to the next scenario as soon as one is stopped. */
  readonly brief: boolean;
  readonly log: (line: string) => void;
}

export interface HarmReport {
  readonly scenario: string;
  readonly version: string;
  readonly highest_share: number;
  readonly traffic: number;
  readonly decided_by_it: number;
  /** Wrongly decided by it, rightly by the champion. */
  readonly harmed: number;
  readonly harmed_share: number;
  readonly stopped_after_tasks: number | null;
  readonly reason: string;
  /** Milliseconds from the moment the alarm was stored to the moment nobody gives it tasks any more. */
  readonly alarm_to_rollback_ms: number | null;
  readonly lost: number;
}

type Panel = Parameters<Through>[0];
type Ask = Panel['quick'];
type Illness = (ask: Ask) => Ask;

const SLICE = 'portal';
const EVERY = 5;

/** Another master than the one it believes in. */
const mistaken =
  (texts: ReadonlySet<string>): Illness =>
  (ask) =>
  async (queries, masters) =>
    (await ask(queries, masters)).map((opinion, i) => {
      if (!texts.has(queries[i]?.text ?? '')) return opinion;
      const names = Object.keys(opinion.probabilities);
      const turned = names.map((name, k) => [name, opinion.probabilities[names[(k + 1) % names.length] ?? name] ?? 0]);
      return { ...opinion, probabilities: Object.fromEntries(turned) };
    });

const slow: Illness = (ask) => async (queries, masters) => {
  await new Promise((resolve) => setTimeout(resolve, 500));
  return ask(queries, masters);
};

const notANumber: Illness = (ask) => async (queries, masters) =>
  (await ask(queries, masters)).map((opinion) => ({
    ...opinion,
    probabilities: Object.fromEntries(Object.keys(opinion.probabilities).map((name) => [name, Number.NaN])),
  }));

export async function runHarm(options: HarmOptions): Promise<HarmReport[]> {
  const { first, stream } = readTickets(options.data, 100, 10_000, options.seed);
  const illnesses = new Map<string, Illness>();
  const through: Through = (panel) => {
    const illness = illnesses.get(panel.version);
    return illness ? { ...panel, quick: illness(panel.quick), full: illness(panel.full) } : panel;
  };
  const system = await startSystem({
    masters: new Map([...first.keys()].map((name) => [name, []])),
    deployer: {
      families: ['router'],
      outcome_age_ms: AGE_MS,
      stage_ms: 0,
      tick_ms: 250,
      probation_units: 100,
      ...(options.straight ? { preset: 'legacy' as const } : {}),
    },
    through,
    log: options.log,
  });
  const inSlice = (n: number) => n % EVERY === 0;
  const world = openWorld(system.bus, 'harm', HABITS, options.seed, (n) =>
    inSlice(n) ? { source: SLICE } : { source: 'mail' },
  );
  try {
    const base = await system.publish(firstRows(first), options.straight ? 'trainer' : 'elsewhere');
    await untilServes(system, base);
    const random = seededRandom(options.seed);
    const good: TrainingRow[] = [...firstRows(first), ...stream];
    const labels = good.map(({ label }) => label);
    const shuffled = good.map((row) => ({ ...row, label: labels[Math.floor(random() * labels.length)] ?? null }));
    const texts = new Set<string>();
    const scenarios: { name: string; rows: TrainingRow[]; illness?: Illness }[] = [
      { name: 'trained on shuffled labels', rows: shuffled },
      { name: 'answers in 500 ms', rows: good, illness: slow },
      { name: 'answers with NaN', rows: good, illness: notANumber },
      { name: 'better offline, wrong for one source', rows: good, illness: mistaken(texts) },
    ];
    const reports: HarmReport[] = [];
    let used = 0;
    for (const [k, { name, rows, illness }] of scenarios.entries()) {
      const next = `router@${k + 2}`;
      if (illness) illnesses.set(next, illness);
      const begin = world.told.length;
      // Tickets may come again in another scenario, never within one.
      const tickets: Ticket[] = Array.from(
        { length: options.tasks },
        (_, i) => stream[(used + i) % stream.length] as Ticket,
      );
      used += options.tasks;
      tickets.forEach(({ text }, i) => {
        if (inSlice(begin + i)) texts.add(text);
      });
      const version = await system.publish(rows, options.straight ? 'trainer' : 'elsewhere');
      if (version !== next) throw new Error(`${version} was to be ${next}`);
      const begun = await until(
        'the trial',
        async () => {
          const trial = await system.trial();
          if (trial?.candidate === version) return 'begun';
          return trial?.past.some(({ candidate }) => candidate === version) ? 'refused' : undefined;
        },
        300_000,
      );
      let share = 0;
      const watch = await system.registry.watch('router', (aliases) => {
        if (aliases.challenger === version) share = Math.max(share, aliases.share);
        if (aliases.champion === version) share = 1;
      });
      let sentHere = 0;
      let stoppedAfter: number | null = begun === 'refused' ? 0 : null;
      for (let from = 0; from < tickets.length; from += 50) {
        await world.send(tickets.slice(from, from + 50));
        sentHere += Math.min(50, tickets.length - from);
        await new Promise((resolve) => setTimeout(resolve, AGE_MS));
        if (stoppedAfter === null && (await system.trial())?.candidate !== version) stoppedAfter = from + 50;
        if (options.brief && stoppedAfter !== null) break;
      }
      watch.close();
      texts.clear();
      const past = (await system.trial())?.past.findLast(({ candidate }) => candidate === version);
      const { history } = await system.registry.aliases('router');
      const rolledBack = history.findLast(({ after }) => after.champion === base && after.share === 0);
      const told = world.told.slice(begin);
      const harmed = told.filter(({ harmed: h }) => h).length;
      reports.push({
        scenario: name,
        version,
        highest_share: share,
        traffic: told.length,
        decided_by_it: told.filter(({ model }) => model === version).length,
        harmed,
        harmed_share: harmed / Math.max(1, told.length),
        stopped_after_tasks: stoppedAfter,
        reason: past?.reason ?? 'it was not stopped',
        alarm_to_rollback_ms: past && rolledBack ? Math.max(0, Date.parse(rolledBack.at) - past.at) : null,
        lost: sentHere - told.length,
      });
      options.log(`${name}: ${JSON.stringify(reports.at(-1))}`);
    }
    await world.settled();
    return reports;
  } finally {
    world.close();
    await system.stop();
  }
}

// The parts of `npm run bench`. Each compares something with its floor, or with itself under another condition, in turns of one run.
import { publish } from '@cortex/bus';
import { seededRandom, shuffledIndices } from '@cortex/models';
import { type SystemOptions, textOf } from '@cortex/ops';
import { EVENT_TYPES, taskKey } from '@cortex/schemas';
import { quantile } from '../../harness/statistics.js';
import { decide, type Figures, hops, openSide, type Ratio, ratioOf, type Side, type Turn } from './side.js';

/** Everybody but those who learn at night: what a decision needs, and what watches it. */
export const ACTORS = 'trainer=0,recorder=0,librarian=0';

/** Texts that were decided before: the way of a decision with neither encoder nor experts. */
const again: Turn = { tasks: 150, under: 8, text: (n) => textOf(n % 20, 'short') };
const alone: Turn = { tasks: 40, under: 1, text: (n) => textOf(n % 20, 'short') };

/** Never the same text twice in a run. */
export function fresh(tasks: number, under: number): Turn {
  return { tasks, under, text: () => textOf(next++, 'short') };
}
let next = 1_000;

/** Each message is parsed three hundred times more: what the gate must find. */
const PLANTED = `data:text/javascript,${encodeURIComponent(
  'const parse = JSON.parse; JSON.parse = (text, reviver) => { if (text.length < 20_000) for (let i = 0; i < 300; i++) parse(text); return parse(text, reviver); };',
)}`;

export interface GateRatios {
  readonly ratios: Record<string, number>;
  /** The first of them with a planted regression. */
  readonly planted: number;
  readonly spread: Record<string, Ratio>;
  /** Medians: milliseconds of processor, and decisions a second with 8 under way. */
  readonly costs: Costs;
}

export interface Costs {
  readonly bare: number;
  readonly memory: { actors: number; nats: number; per_second: number };
  readonly whole: { actors: number; nats: number; per_second: number };
}

export const GATED = 'processor of a decision from memory, over that of its bare hops';

/** A decision over its bare hops, and the same of a system that is made slow on purpose. */
export async function gate(rounds: number, say: (line: string) => void): Promise<GateRatios> {
  say('two systems start: one as it is, one with a planted regression');
  const system = await openSide({ actors: ACTORS });
  try {
    const slow = await openSide({ actors: ACTORS, node: ['--import', PLANTED] });
    try {
      const series: Record<string, number[]> = {};
      const note = (key: string, value: number | undefined) => {
        const values = series[key] ?? [];
        series[key] = values;
        values.push(value ?? Number.NaN);
      };
      for (let round = 0; round <= rounds; round++) {
        say(`turn ${round} of ${rounds}${round === 0 ? ' (warms up)' : ''}`);
        const bare = await hops(system);
        const memory = await decide(system, again);
        const one = await decide(system, alone);
        const whole = await decide(system, fresh(60, 8));
        const planted = await decide(slow, again);
        if (round === 0) continue;
        note('bare', bare.cpu);
        note('bareMs', bare.p50_ms);
        note('memory', work(memory));
        note('alone', one.p50_ms);
        note('whole', work(whole));
        note('planted', work(planted));
        for (const key of ['actors', 'nats', 'per_second'])
          for (const [of, figures] of [
            ['memory', memory],
            ['whole', whole],
          ] as const)
            note(`${of}.${key}`, figures[key]);
      }
      const over = (above: string, below: string) => ratioOf(series[above] ?? [], series[below] ?? []);
      const spread = {
        [GATED]: over('memory', 'bare'),
        'processor of a decision of a new short text, encoder included, over that of its bare hops': over(
          'whole',
          'bare',
        ),
        'time of a decision from memory, one at a time, over its bare hops': over('alone', 'bareMs'),
      };
      const median = (key: string) => Math.round(quantile(series[key] ?? [], 0.5) * 1_000) / 1_000;
      const costOf = (of: string) => ({
        actors: median(`${of}.actors`),
        nats: median(`${of}.nats`),
        per_second: median(`${of}.per_second`),
      });
      return {
        spread,
        costs: { bare: median('bare'), memory: costOf('memory'), whole: costOf('whole') },
        // Processor time alone: times of day double from one turn to the next on a busy machine.
        ratios: Object.fromEntries(
          Object.entries(spread).flatMap(([what, { ratio }]) => (what.startsWith('processor') ? [[what, ratio]] : [])),
        ),
        planted: over('planted', 'bare').ratio,
      };
    } finally {
      await slow.close();
    }
  } finally {
    await system.close();
  }
}

const work = (figures: Figures) => (figures.actors ?? Number.NaN) + (figures.nats ?? Number.NaN);

/** Cost of a decision with many tasks kept over that with few, each over the bare hops of its time. */
export async function history(few: number, many: number, rounds: number, say: (line: string) => void): Promise<Ratio> {
  const side = await openSide({ actors: ACTORS });
  try {
    await decide(side, again);
    await keep(side, 0, few);
    const measure = async () => {
      const costs: number[] = [];
      for (let round = 0; round < rounds; round++) {
        const bare = await hops(side);
        costs.push(work(await decide(side, again)) / (bare.cpu ?? Number.NaN));
      }
      return costs;
    };
    say(`cost with ${few} tasks kept`);
    const before = await measure();
    say(`keeping ${many} tasks`);
    await keep(side, few, many);
    await calm(side);
    say(`cost with ${many} tasks kept`);
    return ratioOf(await measure(), before);
  } finally {
    await side.close();
  }
}

/** Until the actors have taken in what was written: a second in which they used less than a quarter of a core. At most two minutes. */
async function calm(side: Side): Promise<void> {
  const used = () => side.system.usage()?.actors.cpu_seconds ?? 0;
  for (let tries = 0, before = used(); tries < 120; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const after = used();
    if (after - before < 0.25) return;
    before = after;
  }
}

/** Writes records of settled tasks, as a coordinator would have. */
async function keep(side: Side, from: number, to: number): Promise<void> {
  const { bus } = side;
  let n = from;
  const at = new Date().toISOString();
  const writer = async () => {
    while (n < to) {
      const id = `kept-${n++}`;
      const record = {
        record: id,
        step: 'settled',
        revision: 2,
        at,
        by: 'bench',
        task: { id, priority: 'medium' },
        settled_as: 'settled',
        outcome: { task: id, status: 'completed', success: true },
      };
      await publish(bus, bus.subjects.log(taskKey(id), 'settled', 'development', 'medium'), record, {
        type: EVENT_TYPES.log,
        id,
      });
    }
  };
  await Promise.all(Array.from({ length: 256 }, writer));
}

/** Two ways to run the same system, in turns: `key` of the second over the first. */
export async function compare(
  first: SystemOptions,
  second: SystemOptions,
  key: string,
  rounds: number,
  turn: () => Turn,
): Promise<Ratio> {
  const { one = [], two = [] } = await turns({ one: first, two: second }, rounds, turn);
  const of = (figures: readonly Figures[]) => figures.map((figure) => figure[key] ?? Number.NaN);
  return ratioOf(of(two), of(one));
}

/** A way to run the system, and what is done with it before it is measured. */
export type Way = SystemOptions & { readonly prepare?: (side: Side) => Promise<void> };

/** Ways to run the same system, side by side: what each gave in each turn. Their order is drawn anew for each: whoever comes first finds the caches of others. */
export async function turns(
  ways: Readonly<Record<string, Way>>,
  rounds: number,
  turn: () => Turn,
): Promise<Record<string, Figures[]>> {
  const sides: { name: string; side: Side; figures: Figures[] }[] = [];
  try {
    for (const [name, { prepare, ...options }] of Object.entries(ways)) {
      const side = await openSide({ actors: ACTORS, ...options });
      sides.push({ name, side, figures: [] });
      await prepare?.(side);
    }
    const random = seededRandom(1);
    for (let round = 0; round <= rounds; round++) {
      for (const at of shuffledIndices(sides.length, random)) {
        const { side, figures } = sides[at] as (typeof sides)[number];
        const seen = await decide(side, turn());
        // The first round warms up.
        if (round > 0) figures.push(seen);
      }
    }
    return Object.fromEntries(sides.map(({ name, figures }) => [name, figures]));
  } finally {
    for (const { side } of sides) await side.close();
  }
}

/** Arrivals at given moments, and how many decisions came later than `deadlineMs` after theirs. */
export async function replay(moments: readonly number[], deadlineMs: number) {
  const side = await openSide({ actors: ACTORS });
  try {
    await decide(side, fresh(60, 4));
    const measured = await side.load.arrivals(moments, () => textOf(next++, 'short'));
    return { ...measured, beyond: side.load.slowerThan(deadlineMs) };
  } finally {
    await side.close();
  }
}

/** Seconds from the command to the first decision, when the folder was used before. */
export async function secondStart(home: string): Promise<{ ready: number; first: number }> {
  const first = await openSide({ actors: ACTORS, home });
  await decide(first, fresh(5, 1));
  await first.close();
  const began = performance.now();
  const second = await openSide({ actors: ACTORS, home });
  await decide(second, fresh(1, 1));
  const seconds = (performance.now() - began) / 1_000;
  const ready = second.system.readySeconds;
  await second.close();
  return { ready: Math.round(ready * 10) / 10, first: Math.round(seconds * 10) / 10 };
}

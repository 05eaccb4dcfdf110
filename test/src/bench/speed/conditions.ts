// The same system under other conditions: more masters, other promises of the bus, without its short cuts; and what each actor holds in memory.
import { readdirSync, readFileSync } from 'node:fs';
import { openMasters } from '@cortex/bus';
import { startTestServer } from '@cortex/bus/testing';
import { routerReady, textOf } from '@cortex/ops';
import { loopbackCluster } from '../../chaos/cluster.js';
import { residentMiB } from '../../chaos/memory.js';
import { fresh, turns } from './parts.js';
import { decide, type Figures, openSide, type Ratio, ratioOf, type Side } from './side.js';

export interface ConditionRow {
  readonly what: string;
  readonly ratio?: Ratio;
  readonly figure?: string;
  readonly reach?: string;
}

/** Decisions a second (`per_second`) and one at a time (`p50_ms`) of every way over those of the first. */
function over(
  all: Readonly<Record<string, readonly Figures[]>>,
  key: string,
  saying: (way: string) => string,
): ConditionRow[] {
  const [[, first] = ['', []], ...others] = Object.entries(all);
  const of = (figures: readonly Figures[]) => figures.map((figure) => figure[key] ?? Number.NaN);
  return others.map(([way, figures]) => ({ what: saying(way), ratio: ratioOf(of(figures), of(first)) }));
}

/** With many masters, each with a description and examples of its own, as if they had been there from the start. */
export async function masters(rounds: number): Promise<ConditionRow[]> {
  const withMasters = (count: number) => ({ prepare: (side: Side) => register(side, count) });
  const all = await turns({ '5': {}, '150': withMasters(145), '1,000': withMasters(995) }, rounds, () => fresh(80, 16));
  return [
    ...over(all, 'actors', (n) => `processor of the actors a decision with ${n} masters, over 5`),
    ...over(all, 'per_second', (n) => `decisions a second with ${n} masters, over 5`),
  ];
}

async function register(side: Side, count: number): Promise<void> {
  const registry = await openMasters(side.bus);
  for (let n = 0; n < count; n++)
    await registry.put({
      name: `owner-${n}`,
      description: `Owns ${textOf(10_000 + n, 'short')}`,
      examples: [textOf(20_000 + 2 * n, 'short'), textOf(20_001 + 2 * n, 'short')],
    });
  await registry.close();
  await settled(side);
}

/** Until the router has read the examples of all: decisions are as quick as the ones before, three times. */
async function settled(side: Side): Promise<void> {
  await routerReady(side.bus);
  const used = () => side.system.usage()?.actors.cpu_seconds ?? 0;
  for (let quiet = 0, tries = 0, before = used(); quiet < 3 && tries < 60; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const after = used();
    quiet = after - before < 0.25 ? quiet + 1 : 0;
    before = after;
  }
}

/** What the bus promises: every write synced (as `cortex up` has it), synced by the clock, three copies. */
export async function promises(folder: string, rounds: number): Promise<ConditionRow[]> {
  const clock = await startTestServer();
  const cluster = await loopbackCluster(folder);
  try {
    const on = (url: string, replicas: number) => ({ args: ['--nats', url, '--replicas', String(replicas)] });
    const all = await turns({ synced: {}, clock: on(clock.url, 1), cluster: on(cluster.url, 3) }, rounds, () =>
      fresh(80, 16),
    );
    const names: Record<string, string> = {
      clock: 'one copy, synced by the clock',
      cluster: 'three copies, synced by the clock',
    };
    return [
      ...over(all, 'per_second', (way) => `decisions a second, ${names[way]}, over one copy with every write synced`),
      ...over(all, 'p50_ms', (way) => `time of a decision with 16 under way, ${names[way]}, over the same`),
    ];
  } finally {
    await cluster.stop();
    await clock.stop();
  }
}

/** Without the early exit, and without the memory of decisions, on texts of which three in ten were decided before. */
export async function shortCuts(rounds: number): Promise<ConditionRow[]> {
  const without = (settings: object) => ({ env: { CORTEX_ROUTER_SETTINGS: JSON.stringify(settings) } });
  let n = 0;
  const mixed = () => ({
    tasks: 80,
    under: 16,
    text: () => (n++ % 10 < 3 ? textOf(n % 20, 'short') : textOf(50_000 + n, 'short')),
  });
  const all = await turns(
    {
      both: {},
      'the early exit of the cascade': without({ early_exit: false }),
      'the memory of decisions': without({ remembered: 0 }),
      either: without({ early_exit: false, remembered: 0 }),
    },
    rounds,
    mixed,
  );
  return [
    ...over(all, 'per_second', (what) => `decisions a second without ${what}, over with both`),
    ...over(all, 'actors', (what) => `processor of the actors a decision without ${what}, over with both`),
  ];
}

/** Resident memory of each actor in a process of its own after some decisions. Linux only. */
export async function memory(): Promise<ConditionRow[]> {
  const side = await openSide({ args: ['--processes'] });
  try {
    await decide(side, fresh(300, 16));
    const parent = String(side.system.pid);
    const rows = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((pid): [string, number][] => {
        const [, after = ''] = read(`/proc/${pid}/stat`).split(') ');
        if (after.split(' ')[1] !== parent) return [];
        const [, actor] = /\0actor\0([a-z]+)\0/.exec(read(`/proc/${pid}/cmdline`)) ?? [];
        return actor === undefined ? [] : [[actor, Math.round(residentMiB(Number(pid)))]];
      });
    const figure = rows.map(([actor, mib]) => `${actor} ${mib}`).join(', ');
    return [{ what: 'resident MiB of each actor in a process of its own, after 300 decisions', figure }];
  } finally {
    await side.close();
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

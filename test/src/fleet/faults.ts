// The faults of the simulation: how each is made in the real thing, and which findings count as having found it.
import { type Bus, control, eventHeaders, pullOne } from '@cortex/bus';
import { EVENT_TYPES } from '@cortex/schemas';
import type { Launched } from './launcher.js';

export interface Site {
  readonly bus: Bus;
  readonly random: () => number;
  readonly workers: readonly Launched[];
  readonly masters: readonly string[];
  /** Submits a task; resolves with its id. */
  submit(master: string, more?: { ms?: number; tokens?: number; budget?: number }): Promise<string>;
  /** Worker → what it said last. */
  heard(worker: string): { tasks: readonly string[]; source: string } | undefined;
  /** Tasks settled lately of whose decision nobody said anything, newest last, with their master. */
  settled(): readonly { task: string; master: string }[];
  /** Raw telemetry messages heard lately. */
  beats(): readonly { subject: string; data: Uint8Array; source: string }[];
  later(ms: number, work: () => void): void;
}

export interface Injected {
  /** What the alert must be about; any of these. */
  readonly targets: readonly string[];
  /** When it began to show; undefined: at once. */
  readonly at?: number;
}

export interface Fault {
  readonly kind: string;
  /** Kinds of alert that count: some faults look like another at first. */
  readonly foundAs: readonly string[];
  inject(site: Site): Promise<Injected | undefined>;
}

const pick = <T>(site: Site, list: readonly T[]): T => list[Math.floor(site.random() * list.length)] as T;
const of = (site: Site, master: string) => site.workers.filter((worker) => worker.master === master);

async function tell(site: Site, worker: Launched, mode: string, times = 1): Promise<Injected | undefined> {
  try {
    await site.bus.nc.request(`sim.fault.${worker.name}`, JSON.stringify({ mode, times }), { timeout: 2_000 });
    return { targets: [worker.name] };
  } catch {
    // It is just being started again.
    return undefined;
  }
}

/** When the first of them said that it is ill. */
function illness(site: Site, workers: readonly Launched[]) {
  let at: number | undefined;
  const heard = workers.map(({ name }) =>
    site.bus.nc.subscribe(`sim.ill.${name}`, {
      callback() {
        at ??= Date.now();
      },
    }),
  );
  return {
    async begun(withinMs: number): Promise<number | undefined> {
      await holds(() => at !== undefined, withinMs);
      return at;
    },
    stop: () => {
      for (const subscription of heard) subscription.unsubscribe();
    },
  };
}

/** Makes one worker ill, gives it something to be ill with, and waits until it is. */
async function illAtWork(site: Site, mode: string, tasks: number): Promise<Injected | undefined> {
  for (let tries = 0; tries < 4; tries++) {
    const worker = pick(site, site.workers);
    const seen = illness(site, [worker]);
    try {
      const injected = await tell(site, worker, mode, tasks);
      if (!injected) continue;
      // Others of its master take some of them.
      const mates = of(site, worker.master).length;
      for (let i = 0; i < mates * tasks; i++) await site.submit(worker.master);
      const at = await seen.begun(15_000);
      if (at !== undefined) return { ...injected, at };
      await tell(site, worker, 'well', 0);
    } finally {
      seen.stop();
    }
  }
  return undefined;
}

/** Makes all workers of one master ill for 15 s; undefined where nothing comes of it, as with a master that is paused already. */
async function allIll(site: Site, mode: string, tasks: number): Promise<Injected | undefined> {
  const master = pick(site, site.masters);
  const mine = of(site, master);
  const seen = illness(site, mine);
  try {
    await Promise.all(mine.map((worker) => tell(site, worker, mode, 1_000)));
    site.later(15_000, () => {
      for (const worker of mine) void tell(site, worker, 'well', 0);
    });
    for (let i = 0; i < tasks; i++) await site.submit(master);
    const at = await seen.begun(5_000);
    return at === undefined ? undefined : { targets: [master], at };
  } finally {
    seen.stop();
  }
}

const beingDone = (site: Site, task: string) => () =>
  site.workers.some(({ name }) => site.heard(name)?.tasks.includes(task));

async function holds(condition: () => boolean, withinMs: number): Promise<boolean> {
  for (const end = Date.now() + withinMs; Date.now() < end; ) {
    if (condition()) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return condition();
}

export const FAULTS: readonly Fault[] = [
  {
    kind: 'no-heartbeat',
    foundAs: ['no-heartbeat'],
    async inject(site) {
      const worker = pick(site, site.workers);
      worker.signal('SIGSTOP');
      return { targets: [worker.name] };
    },
  },
  {
    // Somebody pulls a task, renews its lease for ever and says nothing.
    kind: 'stuck-pending',
    foundAs: ['stuck-pending'],
    async inject(site) {
      const { bus } = site;
      const master = pick(site, site.masters);
      for (let tries = 0; tries < 8; tries++) {
        // The workers asked before: one task more for each of them, and ours is among those that are left.
        const pulled = pullOne(bus, bus.subjects.stream('LOG'), bus.subjects.workConsumer(master, 'medium'), 3_000);
        for (let i = 0; i < 1.5 * of(site, master).length; i++) await site.submit(master);
        const taken = await pulled;
        if (!taken) continue;
        const { task } = JSON.parse(new TextDecoder().decode(taken.data)) as { task: { id: string } };
        const timer = setInterval(() => taken.working(), 1_000);
        timer.unref();
        site.later(600_000, () => clearInterval(timer));
        return { targets: [task.id] };
      }
      return undefined;
    },
  },
  { kind: 'stuck-running', foundAs: ['stuck-running'], inject: (site) => illAtWork(site, 'endless', 1) },
  // A worker that does two things at once, of which one is frozen, gets on: then it is the task that is found.
  { kind: 'zombie', foundAs: ['zombie', 'stuck-running'], inject: (site) => illAtWork(site, 'frozen', 1) },
  {
    kind: 'duplicate-worker',
    foundAs: ['duplicate-worker'],
    async inject(site) {
      const master = pick(site, site.masters);
      const task = await site.submit(master, { ms: 14_000 });
      const worker = `rogue-${Math.floor(site.random() * 1e6)}`;
      if (!(await holds(beingDone(site, task), 30_000))) return undefined;
      const at = Date.now();
      const timer = setInterval(() => {
        const message = {
          worker,
          master,
          at: new Date().toISOString(),
          status: 'busy',
          task,
          gauges: { tokens: Math.random() },
        };
        site.bus.nc.publish(site.bus.subjects.telemetry(worker), JSON.stringify(message));
      }, 700);
      site.later(15_000, () => {
        clearInterval(timer);
        const last = { worker, master, at: new Date().toISOString(), status: 'draining', gauges: {} };
        site.bus.nc.publish(site.bus.subjects.telemetry(worker), JSON.stringify(last));
      });
      return { targets: [task], at };
    },
  },
  {
    kind: 'completed-without-evidence',
    foundAs: ['completed-without-evidence'],
    inject: (site) => illAtWork(site, 'lazy', 3),
  },
  {
    kind: 'token-budget',
    foundAs: ['token-budget'],
    async inject(site) {
      const task = await site.submit(pick(site, site.masters), { ms: 6_000, tokens: 3_000, budget: 1_000 });
      // Before somebody is at it, nothing is spent.
      return (await holds(beingDone(site, task), 30_000)) ? { targets: [task], at: Date.now() } : undefined;
    },
  },
  {
    kind: 'queue-growing',
    foundAs: ['queue-growing'],
    async inject(site) {
      const master = pick(site, site.masters);
      // Three times what its workers can do: a wave that they work off soon is none of the watchdog's business.
      const rate = 3 * of(site, master).length;
      for (let second = 0; second < 20; second++)
        site.later(second * 1_000, () => {
          for (let i = 0; i < rate; i++) void site.submit(master, { ms: 1_000 });
        });
      return { targets: [master] };
    },
  },
  // Whatever its workers get they give back, up to three times each.
  { kind: 'retry-storm', foundAs: ['retry-storm'], inject: (site) => allIll(site, 'give-back', 12) },
  { kind: 'success-collapse', foundAs: ['success-collapse'], inject: (site) => allIll(site, 'fail', 10) },
  {
    // All workers of one master take nothing, and say that they are fine.
    kind: 'starving-master',
    foundAs: ['starving-master', 'zombie'],
    async inject(site) {
      const master = pick(site, site.masters);
      const mine = of(site, master);
      for (const { name } of mine) {
        const instance = site.heard(name)?.source.split('/').at(-1);
        if (instance) await control(site.bus, instance, { do: 'rest' });
      }
      for (let i = 0; i < 4; i++) await site.submit(master);
      return { targets: [master, ...mine.map(({ name }) => name)] };
    },
  },
  {
    kind: 'decision-quality',
    foundAs: ['decision-quality'],
    async inject(site) {
      const { bus } = site;
      for (const { task, master } of site.settled().slice(-40)) {
        const right = site.masters.find((name) => name !== master);
        bus.nc.publish(bus.subjects.reviewsAnswered, JSON.stringify({ task, master: right, by: 'somebody' }));
      }
      return { targets: ['decisions'] };
    },
  },
  {
    kind: 'clock-skew',
    foundAs: ['clock-skew'],
    async inject(site) {
      return tell(site, pick(site, site.workers), 'skew');
    },
  },
  {
    kind: 'replay',
    foundAs: ['replay'],
    async inject(site) {
      const one = pick(site, site.beats());
      const mine = site.beats().filter(({ subject }) => subject === one.subject);
      for (const beat of [...mine, ...mine, ...mine].slice(0, 12)) {
        const headers = eventHeaders({ type: EVENT_TYPES.telemetry, source: beat.source });
        site.bus.nc.publish(beat.subject, beat.data, { headers });
      }
      return { targets: [one.subject.split('.').at(-1) ?? ''] };
    },
  },
];

// The same network in virtual time: tasks arrive at random, wait for a server of each station in turn, first come first served.
// Discrete events in a binary heap; one seed is one history.
import { seededRandom } from '@cortex/models';
import type { Station } from './model.js';

export interface SimulationOptions {
  readonly stations: readonly Station[];
  /** Open: tasks a second, Poisson. Closed: `underWay` tasks, each followed by the next at once. Exactly one of both. */
  readonly perSecond?: number;
  readonly underWay?: number;
  /** Tasks until it ends; the first tenth warms up and does not count. */
  readonly tasks: number;
  readonly seed: number;
}

export interface Simulated {
  readonly perSecond: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
}

interface Event {
  readonly at: number;
  readonly task: number;
  readonly stage: number;
  readonly kind: 'arrive' | 'done';
}

export function simulate(options: SimulationOptions): Simulated {
  const { stations, tasks, seed } = options;
  if ((options.perSecond === undefined) === (options.underWay === undefined))
    throw new RangeError('either perSecond or underWay');
  const random = seededRandom(seed);
  const heap = new Heap();
  const pools = new Map<string, { free: number; waiting: Event[] }>();
  const poolOf = ({ name, servers, pool = name }: Station) => {
    let entry = pools.get(pool);
    if (!entry) {
      entry = { free: servers, waiting: [] };
      pools.set(pool, entry);
    }
    return entry;
  };
  const bornAt: number[] = [];
  const took: number[] = [];
  let firstCounted = 0;
  let finished = 0;
  const warm = Math.floor(tasks / 10);
  const birth = (at: number) => {
    if (bornAt.length >= tasks) return;
    heap.push({ at, task: bornAt.push(at) - 1, stage: 0, kind: 'arrive' });
  };
  // Service times scatter by an exponential half around a fixed half: between a clock's tick and a memoryless server.
  const service = (ms: number) => ms * (0.5 - 0.5 * Math.log(1 - random()));
  const begin = (event: Event, station: Station) =>
    heap.push({ ...event, kind: 'done', at: event.at + service(station.ms) });
  if (options.underWay !== undefined) for (let i = 0; i < options.underWay; i++) birth(0);
  else birth(0);
  let now = 0;
  for (let event = heap.pop(); event; event = heap.pop()) {
    now = event.at;
    if (event.kind === 'arrive' && event.stage === 0 && options.perSecond !== undefined)
      birth(now - (Math.log(1 - random()) / options.perSecond) * 1_000);
    const station = stations[event.stage];
    if (!station) {
      if (finished++ === warm) firstCounted = now;
      if (finished > warm) took.push(now - (bornAt[event.task] ?? 0));
      if (options.underWay !== undefined) birth(now);
      continue;
    }
    const pool = poolOf(station);
    if (event.kind === 'arrive') {
      if ((station.share ?? 1) < 1 && random() >= (station.share ?? 1)) heap.push({ ...event, stage: event.stage + 1 });
      else if (pool.free > 0) {
        pool.free--;
        begin(event, station);
      } else pool.waiting.push(event);
      continue;
    }
    heap.push({ at: now, task: event.task, stage: event.stage + 1, kind: 'arrive' });
    const next = pool.waiting.shift();
    const waitingFor = next && stations[next.stage];
    if (next && waitingFor) begin({ ...next, at: now }, waitingFor);
    else pool.free++;
  }
  took.sort((a, b) => a - b);
  const at = (q: number) => Math.round((took[Math.floor(q * (took.length - 1))] ?? Number.NaN) * 100) / 100;
  return {
    perSecond: Math.round((10_000 * (took.length - 1)) / Math.max(1e-9, now - firstCounted)) / 10,
    p50_ms: at(0.5),
    p99_ms: at(0.99),
  };
}

class Heap {
  private readonly events: Event[] = [];

  push(event: Event): void {
    const { events } = this;
    let i = events.push(event) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if ((events[parent] as Event).at <= event.at) break;
      events[i] = events[parent] as Event;
      i = parent;
    }
    events[i] = event;
  }

  pop(): Event | undefined {
    const { events } = this;
    const top = events[0];
    const last = events.pop();
    if (!top || !last || events.length === 0) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= events.length) break;
      if (child + 1 < events.length && (events[child + 1] as Event).at < (events[child] as Event).at) child++;
      if ((events[child] as Event).at >= last.at) break;
      events[i] = events[child] as Event;
      i = child;
    }
    events[i] = last;
    return top;
  }
}

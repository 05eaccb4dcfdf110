// Publishes tasks and watches for their decisions, in a closed loop (so many under way) or an open one (so many a second, whatever happens).
import { type Bus, publish, watchPresence } from '@cortex/bus';
import { decodeMessage, EVENT_TYPES, logRecordSchema } from '@cortex/schemas';
import { quantile } from './statistics.js';

export interface Measured {
  readonly decided: number;
  /** Published and not decided within the patience. */
  readonly late: number;
  readonly seconds: number;
  readonly per_second: number;
  /** Milliseconds from the publish call to the decision seen. */
  readonly p50_ms: number;
  readonly p99_ms: number;
  /** Decisions by the stage of the cascade at which the router was sure enough. */
  readonly exits: Record<string, number>;
  /** The same p50 for decisions that left before the encoder, and for those that did not. */
  readonly early_p50_ms?: number;
  readonly full_p50_ms?: number;
}

interface Flight {
  readonly sentAt: number;
  readonly resolve: () => void;
}

const PATIENCE_MS = 15_000;
const SHARE_MS = 250;

/** Sees decisions from the moment it is made. Ids are its own, so that another system on the bus does not disturb. */
export class Load {
  private readonly flights = new Map<string, Flight>();
  private readonly subscription: { unsubscribe(): void };
  private took: { ms: number; exit: string }[] = [];
  private late = 0;
  private sent = 0;
  /** Told a few times a second which share of a measurement is behind, and how many decisions it saw. */
  onShare: (share: number, decided: number) => void = () => undefined;
  private readonly run = Math.random().toString(36).slice(2, 10);

  constructor(private readonly bus: Bus) {
    this.subscription = bus.nc.subscribe(bus.subjects.live('decided'), {
      callback: (_error, message) => this.saw(message.data),
    });
  }

  close(): void {
    this.subscription.unsubscribe();
  }

  /** `count` tasks, `inFlight` at a time. */
  async closed(count: number, inFlight: number, text: (n: number) => string): Promise<Measured> {
    const share = () => this.took.length / count;
    return this.measure(share, async () => {
      let next = 0;
      const one = async () => {
        while (next < count) await this.send(text(next++));
      };
      await Promise.all(Array.from({ length: inFlight }, one));
    });
  }

  /** As many as fit into `seconds`, `inFlight` at a time. */
  async saturate(seconds: number, inFlight: number, text: (n: number) => string): Promise<Measured> {
    return this.measure(timed(seconds * 1000), async () => {
      const until = performance.now() + seconds * 1000;
      let next = 0;
      const one = async () => {
        while (performance.now() < until) await this.send(text(next++));
      };
      await Promise.all(Array.from({ length: inFlight }, one));
    });
  }

  /** Arrivals at random (Poisson) with a mean of `perSecond`, for `seconds`. */
  async open(seconds: number, perSecond: number, text: (n: number) => string): Promise<Measured> {
    const moments: number[] = [];
    for (let due = 0; due < seconds * 1000; ) {
      due += (-Math.log(1 - Math.random()) / perSecond) * 1000;
      moments.push(due);
    }
    return this.arrivals(moments, text);
  }

  /** One task at each of these moments (milliseconds from now), whatever happens. */
  async arrivals(moments: readonly number[], text: (n: number) => string): Promise<Measured> {
    return this.measure(timed(moments.at(-1) ?? 0), async () => {
      const began = performance.now();
      const flights: Promise<void>[] = [];
      for (const [n, due] of moments.entries()) {
        const wait = began + due - performance.now();
        if (wait > 1) await new Promise((resolve) => setTimeout(resolve, wait));
        flights.push(this.send(text(n)));
      }
      await Promise.all(flights);
    });
  }

  /** Decisions of the last measurement that took longer, those that never came included. */
  slowerThan(ms: number): number {
    return this.late + this.took.filter((one) => one.ms > ms).length;
  }

  private async measure(share: () => number, work: () => Promise<void>): Promise<Measured> {
    this.took = [];
    this.late = 0;
    const began = performance.now();
    const timer = setInterval(() => this.onShare(Math.min(0.999, share()), this.took.length), SHARE_MS);
    await work().finally(() => clearInterval(timer));
    const seconds = (performance.now() - began) / 1000;
    const exits: Record<string, number> = {};
    for (const { exit } of this.took) exits[exit] = (exits[exit] ?? 0) + 1;
    const all = this.took.map(({ ms }) => ms);
    const early = this.took.filter(({ exit }) => EARLY.has(exit)).map(({ ms }) => ms);
    const full = this.took.filter(({ exit }) => !EARLY.has(exit)).map(({ ms }) => ms);
    return {
      decided: all.length,
      late: this.late,
      seconds: round(seconds),
      per_second: round(all.length / seconds),
      p50_ms: round(quantile(all, 0.5)),
      p99_ms: round(quantile(all, 0.99)),
      exits,
      ...(early.length > 0 ? { early_p50_ms: round(quantile(early, 0.5)) } : {}),
      ...(full.length > 0 ? { full_p50_ms: round(quantile(full, 0.5)) } : {}),
    };
  }

  private async send(text: string): Promise<void> {
    const id = `bench-${this.run}-${++this.sent}`;
    let timer: NodeJS.Timeout | undefined;
    const decided = new Promise<void>((resolve) => {
      this.flights.set(id, { sentAt: performance.now(), resolve });
      timer = setTimeout(() => {
        if (this.flights.delete(id)) this.late++;
        resolve();
      }, PATIENCE_MS);
    });
    await publish(this.bus, this.bus.subjects.submit, { id, text }, { type: EVENT_TYPES.taskSubmit, id });
    await decided;
    clearTimeout(timer);
  }

  private saw(data: Uint8Array): void {
    const at = performance.now();
    let record: ReturnType<typeof logRecordSchema.parse>;
    try {
      record = decodeMessage('log record', logRecordSchema, data);
    } catch {
      return;
    }
    const flight = this.flights.get(record.task.id);
    if (!flight) return;
    this.flights.delete(record.task.id);
    const exit = typeof record.decision?.exit === 'string' ? record.decision.exit : (record.decision?.method ?? 'none');
    this.took.push({ ms: at - flight.sentAt, exit });
    flight.resolve();
  }
}

/** The share of so many milliseconds that is behind, from now on. */
function timed(ms: number): () => number {
  const began = performance.now();
  return () => (performance.now() - began) / Math.max(1, ms);
}

/** Exits before the encoder. */
const EARLY = new Set(['rule', 'words', 'cache']);

export function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** Waits, for at most four minutes, until a router serves with all it has. */
export async function routerReady(bus: Bus): Promise<void> {
  const presence = watchPresence(bus);
  const until = Date.now() + 240_000;
  try {
    while (!presence.list().some((p) => p.actor === 'router' && p.state === 'ready')) {
      if (Date.now() > until) return;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  } finally {
    presence.close();
  }
}

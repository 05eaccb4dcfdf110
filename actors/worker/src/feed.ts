// The feed: fetches one task whenever a slot is free, in the order of schedule.ts, and never one that would have to wait here.
// Hints on the live subject wake it at once; a slow, jittered look round finds what no hint announced (retries, the tasks of the dead).
import { type Bus, type Delivery, pullOne } from '@cortex/bus';
import { PRIORITIES, type Priority } from '@cortex/schemas';
import type { Terms } from './delivery.js';
import { afterEmpty, afterTask, askOrder, NOBODY_PASSED } from './schedule.js';

export interface FeedOptions {
  readonly master: string;
  readonly concurrency: number;
  readonly pollMinMs: number;
  readonly pollMaxMs: number;
  /** The terms of a priority's consumer; undefined while it is not there. */
  readonly terms: (priority: Priority) => Terms | undefined;
  /** Does the delivery; the slot is taken until it resolves. */
  readonly process: (delivery: Delivery, terms: Terms) => Promise<unknown>;
  /** How many of the running ones wait for something done elsewhere, and leave their place to others. Default: none. */
  readonly aside?: () => number;
  readonly onError: (error: Error) => void;
}

export interface Feed {
  busy(): number;
  /** Look now: work may be there. */
  wake(): void;
  /** Fetches nothing more; resolves when what was on its way has been taken. */
  close(): Promise<void>;
  /** Resolves when nothing is being done any more. */
  idle(): Promise<void>;
}

/** Most places that waiting jobs leave to others: a worker that only waits would take the whole backlog. */
const MOST_ASIDE = 32;
/** Once in a thousand times a hint is faster than the consumer it speaks of: look once more so many milliseconds later. */
const AFTER_HINT_MS = 25;
/**
 * What was found empty is not asked again for so many milliseconds, unless a hint names it: with a backlog of one priority every task
 * would otherwise cost a question to each of the others.
 */
const KNOWN_EMPTY_MS = 250;
const EVERYWHERE: ReadonlySet<Priority> = new Set(PRIORITIES);

export function startFeed(bus: Bus, options: FeedOptions): Feed {
  const stream = bus.subjects.stream('LOG');
  const running = new Set<Promise<unknown>>();
  let passed = NOBODY_PASSED;
  let closed = false;
  /** Where to look next. Hints name one priority, so that an idle fleet asks for little when one task comes in. */
  let next = new Set(EVERYWHERE);
  const emptyUntil = new Map<Priority, number>();
  let rouse: () => void = () => undefined;

  const full = () => running.size - Math.min(MOST_ASIDE, options.aside?.() ?? 0) >= options.concurrency;
  const fetchOne = async (where: ReadonlySet<Priority>): Promise<boolean> => {
    for (const priority of askOrder(passed)) {
      const terms = options.terms(priority);
      if (!terms || closed || !where.has(priority)) continue;
      if ((emptyUntil.get(priority) ?? 0) > Date.now()) {
        passed = afterEmpty(passed, priority);
        continue;
      }
      // Before the question, so that a hint which comes while it is under way takes it back.
      emptyUntil.set(priority, Date.now() + KNOWN_EMPTY_MS);
      const delivery = await pullOne(bus, stream, bus.subjects.workConsumer(options.master, priority));
      if (!delivery) {
        passed = afterEmpty(passed, priority);
        continue;
      }
      emptyUntil.delete(priority);
      passed = afterTask(passed, priority);
      const work = options
        .process(delivery, terms)
        .catch(options.onError)
        .finally(() => {
          running.delete(work);
          rouse();
        });
      running.add(work);
      return true;
    }
    return false;
  };
  /** Waits for a wake-up, or so long. */
  const rest = (ms: number | undefined) =>
    new Promise<void>((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(resolve, ms);
      rouse = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const loop = async () => {
    let pollMs = options.pollMinMs;
    let repeated = false;
    while (!closed) {
      if (full()) {
        await rest(undefined);
        next = new Set(EVERYWHERE);
        continue;
      }
      const where = next;
      next = new Set();
      if (bus.state() === 'connected' && (await fetchOne(where))) {
        next = new Set(EVERYWHERE);
        pollMs = options.pollMinMs;
        repeated = false;
      } else if (next.size > 0 || closed) {
        repeated = false;
      } else if (where.size < EVERYWHERE.size && !repeated) {
        repeated = true;
        await rest(AFTER_HINT_MS);
        look(where);
      } else {
        repeated = false;
        // Jitter, so that a fleet started together does not look round together.
        await rest(pollMs * (0.75 + 0.5 * Math.random()));
        if (next.size > 0) continue;
        look(EVERYWHERE);
        pollMs = Math.min(options.pollMaxMs, pollMs * 1.5);
      }
    }
  };
  const look = (where: Iterable<Priority>) => {
    for (const priority of where) {
      next.add(priority);
      emptyUntil.delete(priority);
    }
    // A full worker looks everywhere as soon as a slot is free.
    if (!full()) rouse();
  };
  const wake = () => look(EVERYWHERE);
  const hints = bus.nc.subscribe(bus.subjects.live('decided', options.master), {
    callback: (error, msg) => void (error || look(hintedBy(msg))),
  });
  const offReconnect = bus.onReconnect(wake);
  const looping = loop().catch(options.onError);
  return {
    busy: () => running.size,
    wake,
    async close() {
      closed = true;
      hints.unsubscribe();
      offReconnect();
      rouse();
      await looping;
    },
    async idle() {
      while (running.size > 0) await Promise.race(running);
    },
  };
}

/** The priority of the task that a hint announces. */
function hintedBy(msg: { json<T>(): T }): Iterable<Priority> {
  try {
    const priority = msg.json<{ task?: { priority?: Priority } }>().task?.priority;
    return priority !== undefined && EVERYWHERE.has(priority) ? [priority] : EVERYWHERE;
  } catch {
    return EVERYWHERE;
  }
}

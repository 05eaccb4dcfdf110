// The feed: fetches one task whenever a slot is free, in the order of schedule.ts, and never one that would have to wait here.
// Hints on the live subject wake it at once; a slow, jittered look round finds what no hint announced (retries, the tasks of the dead).
import { type Bus, type Delivery, pullOne } from '@cortex/bus';
import type { Priority } from '@cortex/schemas';
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

/** After a hint the consumer may need a moment longer than the hint did. Milliseconds before each further look. */
const AFTER_HINT_MS = [5, 25, 100];

export function startFeed(bus: Bus, options: FeedOptions): Feed {
  const stream = bus.subjects.stream('LOG');
  const running = new Set<Promise<unknown>>();
  let passed = NOBODY_PASSED;
  let closed = false;
  let woken = false;
  let rouse: () => void = () => undefined;

  const fetchOne = async (): Promise<boolean> => {
    for (const priority of askOrder(passed)) {
      const terms = options.terms(priority);
      if (!terms || closed) continue;
      const delivery = await pullOne(bus, stream, bus.subjects.workConsumer(options.master, priority));
      if (!delivery) {
        passed = afterEmpty(passed, priority);
        continue;
      }
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
    let looks = AFTER_HINT_MS.length;
    while (!closed) {
      if (running.size >= options.concurrency) {
        await rest(undefined);
        continue;
      }
      if (woken) looks = 0;
      woken = false;
      if (bus.state() === 'connected' && (await fetchOne())) {
        pollMs = options.pollMinMs;
        looks = 0;
        continue;
      }
      if (woken || closed) continue;
      const hinted = AFTER_HINT_MS[looks++];
      if (hinted !== undefined) await rest(hinted);
      else {
        // Jitter, so that a fleet started together does not look round together.
        await rest(pollMs * (0.75 + 0.5 * Math.random()));
        pollMs = Math.min(options.pollMaxMs, pollMs * 1.5);
      }
    }
  };
  const wake = () => {
    woken = true;
    if (running.size < options.concurrency) rouse();
  };
  const hints = bus.nc.subscribe(bus.subjects.live('decided', options.master), { callback: wake });
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

// What the server says about a master's four work consumers: lease and number of deliveries. Asked again now and then, since a master
// may be registered after its workers have started.
import type { Bus } from '@cortex/bus';
import { PRIORITIES, type Priority } from '@cortex/schemas';
import { JetStreamApiError } from '@nats-io/jetstream';
import type { Terms } from './delivery.js';

export interface KnownTerms {
  of(priority: Priority): Terms | undefined;
  stop(): void;
}

const MISSING_MS = 2_000;
const KNOWN_MS = 60_000;

/** Resolves after the first look. `onChange` gets what is missing, or undefined when all is there. */
export async function watchTerms(
  bus: Bus,
  master: string,
  leaseMs: number | undefined,
  onChange: (missing: string | undefined) => void,
): Promise<KnownTerms> {
  const known = new Map<Priority, Terms>();
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const look = async (): Promise<void> => {
    let missing: string | undefined;
    for (const priority of PRIORITIES) {
      const consumer = bus.subjects.workConsumer(master, priority);
      try {
        const { config } = await bus.jsm.consumers.info(bus.subjects.stream('LOG'), consumer);
        known.set(priority, {
          leaseMs: leaseMs ?? Math.max(1, (config.ack_wait ?? 30e9) / 1e6),
          maxDeliver: config.max_deliver !== undefined && config.max_deliver > 0 ? config.max_deliver : undefined,
        });
      } catch (error) {
        const gone = error instanceof JetStreamApiError && error.status === 404;
        // An unanswered question says nothing: what was known stays.
        if (gone) known.delete(priority);
        if (!known.has(priority))
          missing ??= gone
            ? `there is no consumer ${consumer}: register the master (cortex masters add ${master}) while Cortex is up`
            : `nobody answers for ${consumer} (${error instanceof Error ? error.message : String(error)})`;
      }
    }
    if (stopped) return;
    onChange(missing);
    clearTimeout(timer);
    timer = setTimeout(() => void look(), missing === undefined ? KNOWN_MS : MISSING_MS);
  };
  await look();
  return {
    of: (priority) => known.get(priority),
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

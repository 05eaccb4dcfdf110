// Publishing an outcome until the bus has it. Nothing is acknowledged before: a claim that never arrived is work to be done again.
import { type Bus, MessageTooLarge, publish, RetryableError, retryCurve, withMessagingSpan } from '@cortex/bus';
import { type Attempt, EVENT_TYPES, type Outcome, SPAN_KEYS } from '@cortex/schemas';
import { outcomeId, slimOutcome } from './outcome.js';

export interface ClaimOptions {
  /** Milliseconds after which it gives up. */
  readonly retryMs: number;
  /** True when nobody can wait any longer. */
  readonly giveUp: () => boolean;
  readonly onTrouble: (error: Error) => void;
}

/** One round of bus retries; short, so that a stopping worker notices. */
const ROUND_MS = 5_000;

/** Resolves with what was stored. Rejects with the last failure when it was given up, or with a terminal one at once. */
export function claim(bus: Bus, master: string, outcome: Outcome, options: ClaimOptions): Promise<Outcome> {
  const attributes = { [SPAN_KEYS.taskId]: outcome.task, [SPAN_KEYS.outcomeStatus]: outcome.status };
  const span = { operation: 'send', template: `${bus.subjects.prefix}.outcomes`, attributes } as const;
  return withMessagingSpan(span, () => claimUntilStored(bus, master, outcome, options));
}

async function claimUntilStored(bus: Bus, master: string, outcome: Outcome, options: ClaimOptions): Promise<Outcome> {
  const until = Date.now() + options.retryMs;
  let message = outcome;
  for (let round = 1; ; round++) {
    try {
      await publish(bus, bus.subjects.outcome(master), message, {
        type: EVENT_TYPES.outcome,
        id: outcomeId(message),
        retryMs: Math.max(50, Math.min(ROUND_MS, until - Date.now())),
      });
      return message;
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      options.onTrouble(error);
      if (error instanceof MessageTooLarge && message === outcome) {
        message = slimOutcome(outcome, error.message);
        continue;
      }
      if (!(error instanceof RetryableError) || Date.now() >= until || options.giveUp() || bus.nc.isClosed())
        throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.min(2_000, retryCurve(round))));
    }
  }
}

/** Says that this worker holds a task which another one had: from then on a late claim of the other is refused. */
export async function announce(bus: Bus, master: string, attempt: Attempt): Promise<void> {
  await publish(bus, bus.subjects.outcome(master), attempt, {
    type: EVENT_TYPES.outcome,
    id: `attempt-${attempt.task}-${attempt.revision ?? 0}-${attempt.attempt}`,
    retryMs: ROUND_MS,
  });
}

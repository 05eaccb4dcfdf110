// Asking another actor under a deadline. Any live replica may answer; when none is alive the asker does not wait.

import {
  askErrorSchema,
  checkMessage,
  decodeText,
  EVENT_TYPES,
  encodeMessage,
  HEADERS,
  SPAN_KEYS,
} from '@cortex/schemas';
import { createInbox, nuid, type Subscription } from '@nats-io/transport-node';
import type { z } from 'zod';
import type { Presence } from '../actor/presence.js';
import type { Bus } from '../connection/connect.js';
import { AskFailed, AskTimeout, NobodyServes } from '../errors.js';
import { eventHeaders, record, withMessagingSpan } from '../telemetry/index.js';

export interface Asker {
  /** Whether anybody would answer now. */
  serves(actor: string): boolean;
  /**
   * Asks and waits for the answer until `deadline` (milliseconds since the epoch).
   * Throws {@link NobodyServes} at once, {@link AskTimeout} at the deadline, {@link AskFailed} when the answer is an error.
   */
  ask<S extends z.ZodType>(actor: string, question: unknown, answer: S, deadline: number): Promise<z.infer<S>>;
  close(): void;
}

interface Waiting {
  resolve(data: Uint8Array): void;
  reject(error: Error): void;
  timer: NodeJS.Timeout;
}

export function createAsker(bus: Bus, presence: Presence): Asker {
  const inbox = createInbox(bus.inboxPrefix);
  const waiting = new Map<string, Waiting>();
  // One subscription for all answers: this identity's private inbox.
  const subscription: Subscription = bus.nc.subscribe(`${inbox}.*`, {
    callback: (error, msg) => {
      if (error) return;
      const id = msg.subject.slice(inbox.length + 1);
      const entry = waiting.get(id);
      if (!entry) return;
      waiting.delete(id);
      clearTimeout(entry.timer);
      entry.resolve(msg.data);
    },
  });
  return {
    serves: (actor) => presence.answers(actor),
    async ask(actor, question, schema, deadline) {
      if (!presence.answers(actor)) throw new NobodyServes(actor);
      const subject = bus.subjects.ask(actor);
      const started = performance.now();
      let result = 'answered';
      try {
        return await withMessagingSpan({ operation: 'ask', template: subject, destination: subject }, async (span) => {
          const id = nuid.next();
          const waitMs = deadline - Date.now();
          const headers = eventHeaders({ type: EVENT_TYPES.ask, source: `/cortex/${bus.instance}`, id });
          // By the server's clock: the one who answers may live with another.
          headers.set(HEADERS.deadline, String(Math.round(bus.now() + waitMs)));
          headers.set(HEADERS.replyTo, `${inbox}.${id}`);
          span.setAttribute(SPAN_KEYS.messagingMessageId, id);
          const data = await new Promise<Uint8Array>((resolve, reject) => {
            const timer = setTimeout(
              () => {
                waiting.delete(id);
                reject(new AskTimeout(actor, waitMs));
              },
              Math.max(0, waitMs),
            );
            waiting.set(id, { resolve, reject, timer });
            // Core publish into the stream's subject: the answer is the acknowledgement.
            bus.nc.publish(subject, encodeMessage(question), { headers });
          });
          const json: unknown = JSON.parse(decodeText('answer', data));
          const failed = askErrorSchema.safeParse(json);
          if (failed.success) throw new AskFailed(actor, failed.data.code, failed.data.error);
          return checkMessage(`answer of ${actor}`, schema, json);
        });
      } catch (error) {
        result = error instanceof Error ? error.name : 'Error';
        throw error;
      } finally {
        record('askDuration', (performance.now() - started) / 1_000, { actor, result });
      }
    },
    close() {
      subscription.unsubscribe();
      for (const [id, entry] of waiting) {
        clearTimeout(entry.timer);
        entry.reject(new AskTimeout('the bus', 0));
        waiting.delete(id);
      }
    },
  };
}

// Publishing that must be stored: size checked before, retried over at least 15 s with the same id, refused by type.

import { type EventType, encodeMessage } from '@cortex/schemas';
import { JetStreamApiError, type JetStreamPublishOptions, type PubAck } from '@nats-io/jetstream';
import { errors } from '@nats-io/transport-node';
import type { Bus } from '../connection/connect.js';
import {
  BusRefused,
  MessageTooLarge,
  NotProvisioned,
  PublishUnconfirmed,
  RevisionConflict,
  StreamFull,
} from '../errors.js';
import { eventHeaders, headerSafe } from '../telemetry/propagation.js';

export interface PublishOptions {
  readonly type: EventType;
  /** The same id within the stream's window is stored once. Needed for everything that must happen once. */
  readonly id?: string;
  readonly expect?: JetStreamPublishOptions['expect'];
  /** Headers beside those of every event. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds over which an unanswered publish is repeated. Default 20,000: a leader change takes 5–8 s. */
  readonly retryMs?: number;
}

export const DEFAULT_RETRY_MS = 20_000;

const WRONG_LAST_SEQUENCE = new Set([10071, 10164]);
const STORE_FAILED = 10077;
const MESSAGE_EXCEEDS_MAXIMUM = 10054;

/**
 * Publishes JSON (or bytes as they are) to a stream and waits for the acknowledgement.
 * Throws {@link MessageTooLarge}, {@link StreamFull}, {@link RevisionConflict} (with `expect`), {@link NotProvisioned},
 * {@link BusRefused} or {@link PublishUnconfirmed}.
 */
export async function publish(bus: Bus, subject: string, message: unknown, options: PublishOptions): Promise<PubAck> {
  const payload = message instanceof Uint8Array ? message : encodeMessage(message);
  const headers = eventHeaders({
    type: options.type,
    source: `/cortex/${bus.instance}`,
    ...(options.id === undefined ? {} : { id: options.id }),
  });
  // `outcomes.*`: the claims whose author counts.
  const claims = subject.startsWith(bus.subjects.outcomes.slice(0, -1));
  const signature = claims ? bus.signer?.sign(subject, payload) : undefined;
  for (const [name, value] of Object.entries({ ...options.headers, ...signature })) headers.set(name, value);
  // Headers count as well: keep a kibibyte for them.
  const limit = (bus.nc.info?.max_payload ?? 1_048_576) - 1_024;
  if (payload.length > limit) throw new MessageTooLarge(subject, payload.length, limit);
  const span = options.retryMs ?? DEFAULT_RETRY_MS;
  const started = Date.now();
  let unanswered: unknown;
  for (let attempt = 0; ; attempt++) {
    const left = started + span - Date.now();
    if (left <= 0 && attempt > 0) throw new PublishUnconfirmed(subject, span, unanswered);
    try {
      return await bus.js.publish(subject, payload, {
        headers,
        timeout: Math.max(50, Math.min(3_000, left)),
        ...(options.id === undefined ? {} : { msgID: headerSafe(options.id) }),
        ...(options.expect ? { expect: options.expect } : {}),
      });
    } catch (error) {
      if (error instanceof JetStreamApiError) throw refused(subject, payload.length, limit, error);
      if (error instanceof errors.PermissionViolationError)
        throw new BusRefused(`this identity may not publish to ${subject}`, { cause: error });
      if (bus.nc.isClosed()) throw new PublishUnconfirmed(subject, Date.now() - started, error);
      unanswered = error;
      await new Promise((resolve) => setTimeout(resolve, Math.min(1_000, 50 * 2 ** attempt, Math.max(1, left))));
    }
  }
}

function refused(subject: string, bytes: number, limit: number, error: JetStreamApiError): Error {
  if (WRONG_LAST_SEQUENCE.has(error.code)) return new RevisionConflict(subject);
  if (error.code === MESSAGE_EXCEEDS_MAXIMUM) return new MessageTooLarge(subject, bytes, limit);
  if (error.code === STORE_FAILED && /maximum bytes|maximum messages/.test(error.message))
    return new StreamFull(subject);
  if (error.status === 404) return new NotProvisioned(`the stream behind ${subject}`);
  return error;
}

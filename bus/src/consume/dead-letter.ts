// Giving a message up: it goes to DEAD whole, with reason, attempts and trace, and only then is it taken off its consumer.
import { type DeadLetter, EVENT_TYPES } from '@cortex/schemas';
import type { Bus } from '../connection/connect.js';
import { publish } from '../publish/publish.js';
import { extractTrace, traceIdOf } from '../telemetry/index.js';
import { count } from '../telemetry/metrics.js';
import type { Delivery } from './delivery.js';

/** Stores a message in DEAD (once per original) and waits for the acknowledgement. */
export async function deadLetter(bus: Bus, delivery: Delivery, error: Error, by: string): Promise<DeadLetter> {
  const headers: Record<string, string[]> = {};
  for (const key of delivery.headers?.keys() ?? []) headers[key] = delivery.headers?.values(key) ?? [];
  // Base64 grows by a third and must still fit.
  const room = Math.floor(((bus.nc.info?.max_payload ?? 1_048_576) - 16_384) * 0.7);
  const traceId = traceIdOf(extractTrace(delivery.headers));
  const letter: DeadLetter = {
    id: `${delivery.stream}-${delivery.sequence}`,
    stream: delivery.stream,
    subject: delivery.subject,
    sequence: delivery.sequence,
    consumer: delivery.consumer,
    reason: error.message.slice(0, 2_000),
    error: error.name,
    attempts: delivery.delivery,
    at: new Date().toISOString(),
    by,
    headers,
    payload: Buffer.from(delivery.data.subarray(0, room)).toString('base64'),
    ...(traceId ? { trace_id: traceId } : {}),
    ...(delivery.data.length > room ? { truncated: true } : {}),
  };
  await publish(bus, bus.subjects.dead(delivery.stream), letter, { type: EVENT_TYPES.dead, id: `dead-${letter.id}` });
  count('dead', { stream: delivery.stream });
  return letter;
}

// Reads the messages a stream keeps, oldest first, in batches: what `review list` and `dead list` show.
import type { Bus } from '@cortex/bus';
import { NotProvisioned } from '@cortex/bus';
import type { StreamName } from '@cortex/schemas';
import type { MsgHdrs } from '@nats-io/nats-core';

export interface Stored {
  readonly sequence: number;
  readonly subject: string;
  readonly data: Uint8Array;
  readonly storedAt: number;
  readonly headers: MsgHdrs | undefined;
}

const BATCH = 500;
const NOT_FOUND = 404;

/** Every kept message of a stream whose subject fits `filter`. Throws {@link NotProvisioned} when there is no such stream. */
export async function* readStored(bus: Bus, name: StreamName, filter: string): AsyncGenerator<Stored> {
  const stream = bus.subjects.stream(name);
  const info = await bus.jsm.streams.info(stream).catch((error: Error & { status?: number }) => {
    if (/not found/.test(error.message)) throw new NotProvisioned(`the stream ${stream}`);
    throw error;
  });
  const last = info.state.last_seq;
  for (let seq = Math.max(1, info.state.first_seq); seq <= last; ) {
    let seen = 0;
    try {
      for await (const message of await bus.jsm.direct.getBatch(stream, { seq, batch: BATCH, next_by_subj: filter })) {
        seen++;
        seq = message.seq + 1;
        if (message.seq > last) return;
        yield {
          sequence: message.seq,
          subject: message.subject,
          data: message.data,
          storedAt: message.time.getTime(),
          headers: message.header,
        };
      }
    } catch (error) {
      // Nothing at or after this place: the last message was removed.
      if ((error as { code?: unknown }).code !== NOT_FOUND) throw error;
      return;
    }
    if (seen === 0) return;
  }
}

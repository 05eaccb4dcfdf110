// The audit trail: every action says who did what on which grounds, and carries the digest of the one before it. Whoever changes, removes or
// slips in one later breaks the chain at the next. One writer wins at a time, by compare-and-set on the stream's last sequence.
import { createHash } from 'node:crypto';
import { type Action, EVENT_TYPES, HEADERS } from '@cortex/schemas';
import type { MsgHdrs } from '@nats-io/transport-node';
import type { Bus } from '../connection/connect.js';
import { PublishUnconfirmed, RevisionConflict } from '../errors.js';
import { publish } from '../publish/publish.js';

/** A stored message as far as the chain goes. */
export interface AuditEntry {
  readonly sequence: number;
  readonly subject: string;
  readonly data: Uint8Array;
  /** Digest of the entry before, as this one carries it; undefined for a message that was not written as an action of Cortex. */
  readonly previous: string | undefined;
}

/** What the first entry of a stream carries. */
export const FIRST = 'first';

const MAX_RACES = 50;

/** SHA-256 over everything an entry says, in hex. */
export function digestOfEntry({ sequence, subject, data, previous }: AuditEntry): string {
  const hash = createHash('sha256');
  hash.update(`${sequence}\n${subject}\n${previous ?? ''}\n`);
  return hash.update(data).digest('hex');
}

/**
 * Appends an action to the trail, once for its id (or `id`, where one action has several states).
 * Throws {@link PublishUnconfirmed} when others were always first, and what publishing throws.
 */
export async function publishAction(bus: Bus, action: Action, id: string = action.id): Promise<void> {
  const stream = bus.subjects.stream('ACTIONS');
  for (let race = 0; race < MAX_RACES; race++) {
    const { previous, lastSequence } = await endOf(bus, stream);
    try {
      await publish(bus, bus.subjects.action(action.kind), action, {
        type: EVENT_TYPES.action,
        id,
        headers: { [HEADERS.auditPrevious]: previous },
        expect: { lastSequence },
      });
      return;
    } catch (error) {
      if (!(error instanceof RevisionConflict)) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 10 * (race + 1)));
    }
  }
  throw new PublishUnconfirmed(bus.subjects.action(action.kind), 0, new Error(`lost ${MAX_RACES} races`));
}

async function endOf(bus: Bus, stream: string): Promise<{ previous: string; lastSequence: number }> {
  const lastEntry = async () => {
    const last = await bus.jsm.streams.getMessage(stream, { last_by_subj: bus.subjects.actions });
    return last && { previous: digestOfEntry(entryOf(last)), lastSequence: last.seq };
  };
  const end = await lastEntry();
  if (end) return end;
  // Empty as it seems: the sequence is read before the second look, so that an entry written in between makes this one lose the race.
  const { state } = await bus.jsm.streams.info(stream);
  return (await lastEntry()) ?? { previous: FIRST, lastSequence: state.last_seq };
}

/** An entry from a stored message. */
export function entryOf(message: { seq: number; subject: string; data: Uint8Array; header?: MsgHdrs }): AuditEntry {
  return {
    sequence: message.seq,
    subject: message.subject,
    data: message.data,
    previous: message.header?.get(HEADERS.auditPrevious) || undefined,
  };
}

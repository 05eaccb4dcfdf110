// Reading DEAD: what was given up, oldest first.
import { type DeadLetter, deadLetterSchema, decodeMessage } from '@cortex/schemas';
import type { Bus } from '../connection/connect.js';

/** A dead letter with its own place in DEAD, by which it is retried or dropped. */
export type StoredDeadLetter = DeadLetter & { dead_sequence: number };

/** All letters, or those of one stream. Letters that cannot be read are left out. */
export async function deadLettersOf(bus: Bus, stream?: string): Promise<StoredDeadLetter[]> {
  const letters: StoredDeadLetter[] = [];
  const subject = stream === undefined ? bus.subjects.deadAll : bus.subjects.dead(stream);
  const dead = bus.subjects.stream('DEAD');
  const { state } = await bus.jsm.streams.info(dead);
  if (state.messages === 0) return letters;
  for (let seq = state.first_seq; ; ) {
    const stored = await bus.jsm.direct.getMessage(dead, { seq, next_by_subj: subject }).catch(() => null);
    if (!stored) return letters;
    try {
      letters.push({ ...decodeMessage('dead letter', deadLetterSchema, stored.data), dead_sequence: stored.seq });
    } catch {
      // Put there by something that is not Cortex.
    }
    seq = stored.seq + 1;
  }
}

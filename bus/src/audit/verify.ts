// Reads the audit trail and says whether it is whole. Pure but for the reading.
import { type AuditEntry, digestOfEntry } from './audit.js';

export interface AuditBreak {
  /** Sequence of the entry that does not continue the one before it. */
  readonly sequence: number;
  readonly subject: string;
  readonly why: string;
}

export interface AuditReport {
  readonly entries: number;
  /** Sequences of the first and the last entry that are kept. */
  readonly first?: number;
  readonly last?: number;
  /** Digest of the last entry: kept elsewhere, it proves later that nothing was cut off the end. */
  readonly head?: string;
  /** Digest of the entry at the sequence asked for. */
  readonly at?: string;
  readonly breaks: readonly AuditBreak[];
}

/**
 * Follows the chain. The first kept entry has nothing before it to be held against: older ones leave when the stream is full.
 *
 * @param entries oldest first
 * @param at sequence whose digest is wanted, to be held against one that was kept elsewhere
 */
export async function verifyAudit(
  entries: AsyncIterable<AuditEntry> | Iterable<AuditEntry>,
  at?: number,
): Promise<AuditReport> {
  const breaks: AuditBreak[] = [];
  let count = 0;
  let first: number | undefined;
  let last: AuditEntry | undefined;
  let head: string | undefined;
  let wanted: string | undefined;
  for await (const entry of entries) {
    count++;
    first ??= entry.sequence;
    if (entry.previous === undefined)
      breaks.push({ ...place(entry), why: 'was not written by Cortex: it carries no digest of the action before it' });
    else if (last && entry.previous !== head)
      breaks.push({
        ...place(entry),
        why: `does not continue action ${last.sequence}: one between or before them was changed, removed or added`,
      });
    last = entry;
    head = digestOfEntry(entry);
    if (entry.sequence === at) wanted = head;
  }
  return {
    entries: count,
    ...(first === undefined ? {} : { first }),
    ...(last === undefined ? {} : { last: last.sequence }),
    ...(head === undefined ? {} : { head }),
    ...(wanted === undefined ? {} : { at: wanted }),
    breaks,
  };
}

const place = ({ sequence, subject }: AuditEntry) => ({ sequence, subject });

// The task log: one compare-and-set append per step. Whoever appends first wins, everyone else reads the key and obeys.
// After a lost acknowledgement the retry is answered "wrong last sequence": the record's own id tells whether it was ours.

import {
  decodeMessage,
  EVENT_TYPES,
  type LogRecord,
  logRecordSchema,
  type NewLogRecord,
  type Priority,
  type TaskKey,
  taskKey,
} from '@cortex/schemas';
import { JetStreamApiError, type StoredMsg } from '@nats-io/jetstream';
import { nuid } from '@nats-io/transport-node';
import type { Bus } from '../connection/connect.js';
import { RevisionConflict } from '../errors.js';
import { publish } from '../publish/publish.js';

/** A record with its place in the stream. `sequence` is what the next append must expect. */
export interface Logged {
  readonly record: LogRecord;
  readonly sequence: number;
  /** When the server stored it, milliseconds since the epoch. */
  readonly storedAt: number;
}

export interface TaskLog {
  /** The last record of a task, straight from the stream's leader; undefined for an unknown task. */
  last(task: string): Promise<Logged | undefined>;
  /** All records of a task that are still kept, oldest first. */
  history(task: string): Promise<Logged[]>;
  /**
   * Appends after `after` (undefined: the task must be unknown). Returns the record as stored, also when its acknowledgement was
   * lost. Throws {@link RevisionConflict} when somebody else was first.
   */
  append(
    task: string,
    record: NewLogRecord,
    master: string,
    priority: Priority,
    after: Logged | undefined,
  ): Promise<Logged>;
}

const NO_MESSAGE_FOUND = 10037;

export function taskLog(bus: Bus): TaskLog {
  const stream = bus.subjects.stream('LOG');
  const last = async (task: string): Promise<Logged | undefined> => {
    try {
      const stored = await bus.jsm.streams.getMessage(stream, { last_by_subj: bus.subjects.logOf(taskKey(task)) });
      return stored ? toLogged(stored) : undefined;
    } catch (error) {
      if (error instanceof JetStreamApiError && error.code === NO_MESSAGE_FOUND) return undefined;
      throw error;
    }
  };
  const history = async (task: string): Promise<Logged[]> => {
    const records: Logged[] = [];
    const filter = bus.subjects.logOf(taskKey(task));
    for (let seq = 1; ; ) {
      const stored = await nextOf(bus, stream, filter, seq);
      if (!stored) return records;
      records.push(toLogged(stored));
      seq = stored.seq + 1;
    }
  };
  return {
    last,
    history,
    async append(task, record, master, priority, after) {
      const key: TaskKey = taskKey(task);
      const full: LogRecord = {
        ...record,
        record: nuid.next(),
        revision: (after?.record.revision ?? 0) + 1,
        by: bus.instance,
        at: new Date().toISOString(),
      };
      try {
        const ack = await publish(bus, bus.subjects.log(key, full.step, master, priority), full, {
          type: EVENT_TYPES.log,
          id: full.record,
          // Always this very filter: overlapping different ones let two writers win on a cluster.
          expect: { lastSubjectSequence: after?.sequence ?? 0, lastSubjectSequenceSubject: bus.subjects.logOf(key) },
        });
        return { record: full, sequence: ack.seq, storedAt: Date.now() };
      } catch (error) {
        if (!(error instanceof RevisionConflict)) throw error;
        const mine = (await history(task)).find((logged) => logged.record.record === full.record);
        if (mine) return mine;
        throw error;
      }
    },
  };
}

async function nextOf(bus: Bus, stream: string, filter: string, seq: number): Promise<StoredMsg | undefined> {
  try {
    return (await bus.jsm.streams.getMessage(stream, { seq, next_by_subj: filter } as never)) ?? undefined;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === NO_MESSAGE_FOUND) return undefined;
    throw error;
  }
}

function toLogged(stored: StoredMsg): Logged {
  return {
    record: decodeMessage('log record', logRecordSchema, stored.data),
    sequence: stored.seq,
    storedAt: stored.time.getTime(),
  };
}

// The past replayed: what every master's record was when each task was decided.
// The one thing to know: a task never sees its own outcome, nor anything that happened at its moment or after it.
import { type Histories, TrackRecords, type Work } from './track-record.js';

/** A task from its decision to its end. Times are milliseconds since 1970. */
export interface TaskLife {
  readonly task: string;
  readonly master: string;
  readonly decidedAt: number;
  /** Absent while it is in hand. */
  readonly endedAt?: number;
  /** Absent where nobody did it. */
  readonly work?: Work;
}

/** By task: everybody's history just before it was decided; nothing where nobody had one. */
export function historiesOf(lives: readonly TaskLife[], wanted: ReadonlySet<string>): Map<string, Histories> {
  const events = lives.flatMap((life): { at: number; happen: (records: TrackRecords) => void }[] => {
    const { task, master, decidedAt, endedAt, work } = life;
    const decided = { at: decidedAt, happen: (records: TrackRecords) => records.decided(task, master, decidedAt) };
    if (endedAt === undefined) return [decided];
    const end = Math.max(endedAt, decidedAt);
    return [decided, { at: end, happen: (records: TrackRecords) => records.ended(task, master, end, work) }];
  });
  // The sort is stable: of events at one moment a task's decision comes before its end.
  events.sort((a, b) => a.at - b.at);
  const asked = lives.filter(({ task }) => wanted.has(task)).sort((a, b) => a.decidedAt - b.decidedAt);
  const records = new TrackRecords();
  const found = new Map<string, Histories>();
  let next = 0;
  for (const { task, decidedAt } of asked) {
    for (; next < events.length && events[next]!.at < decidedAt; next++) events[next]!.happen(records);
    const histories = records.at(decidedAt);
    if (Object.keys(histories).length > 0) found.set(task, histories);
  }
  return found;
}

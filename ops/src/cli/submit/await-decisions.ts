// Waits for decisions: listens live before anything is published, and reads the log for whatever it did not hear.
import { type Bus, taskLog } from '@cortex/bus';
import {
  type DeadLetter,
  type Decision,
  deadLetterSchema,
  decodeMessage,
  type LogRecord,
  logRecordSchema,
} from '@cortex/schemas';

export type Answer =
  | { readonly kind: 'decided'; readonly decision: Decision }
  | { readonly kind: 'ended'; readonly task: string; readonly how: string }
  | { readonly kind: 'refused'; readonly task: string; readonly reason: string };

export interface Waiter {
  /** Resolves when every expected task has an answer; with the ids still open when the time is over. */
  settled(limitMs: number): Promise<string[]>;
  close(): void;
}

const LOOK_EVERY_MS = 1_000;
const LOOKS_AT_ONCE = 32;

/** `onAnswer` is called once for each of `ids`. Listening when this resolves. */
export async function awaitDecisions(
  bus: Bus,
  ids: readonly string[],
  onAnswer: (id: string, answer: Answer) => void,
): Promise<Waiter> {
  const open = new Set(ids);
  let finish: () => void = () => undefined;
  const all = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const answer = (id: string, what: Answer | undefined) => {
    if (!what || !open.delete(id)) return;
    onAnswer(id, what);
    if (open.size === 0) finish();
  };
  const live = bus.nc.subscribe(bus.subjects.live('*'), {
    callback(error, msg) {
      if (error) return;
      const record = tryDecode(() => decodeMessage('record', logRecordSchema, msg.data));
      if (record) answer(record.task.id, answerOf(record));
    },
  });
  const dead = bus.nc.subscribe(bus.subjects.dead(bus.subjects.stream('TASKS')), {
    callback(error, msg) {
      if (error) return;
      const letter = tryDecode(() => decodeMessage('letter', deadLetterSchema, msg.data));
      const id = letter && idOf(letter);
      if (letter && id !== undefined) answer(id, { kind: 'refused', task: id, reason: letter.reason });
    },
  });
  await bus.nc.flush();
  const log = taskLog(bus);
  let looking = false;
  // Round and round through what is open, so that no task is forgotten behind many others.
  const look = async () => {
    if (looking || bus.state() !== 'connected') return;
    looking = true;
    try {
      for (const id of [...open].slice(0, LOOKS_AT_ONCE)) {
        const last = await log.last(id);
        if (last)
          answer(
            id,
            answerOf(last.record) ?? (last.record.settled_as ? await earlier(log, id, last.record) : undefined),
          );
        if (open.delete(id)) open.add(id);
      }
    } catch {
      // The bus is away or busy: the next look comes.
    } finally {
      looking = false;
    }
  };
  const timer = setInterval(() => void look(), LOOK_EVERY_MS);
  return {
    async settled(limitMs) {
      let late: NodeJS.Timeout | undefined;
      const over = new Promise<void>((resolve) => {
        late = setTimeout(resolve, limitMs);
      });
      if (open.size > 0) await Promise.race([all, over]);
      clearTimeout(late);
      return [...open];
    },
    close() {
      clearInterval(timer);
      live.unsubscribe();
      dead.unsubscribe();
    },
  };
}

/** What a record says about the decision; undefined when there is none yet. */
export function answerOf(record: LogRecord): Answer | undefined {
  if (record.decision) return { kind: 'decided', decision: record.decision };
  if (record.step === 'cancelled' || record.step === 'expired')
    return {
      kind: 'ended',
      task: record.task.id,
      how: record.reason ? `${record.step}: ${record.reason}` : record.step,
    };
  return undefined;
}

async function earlier(log: ReturnType<typeof taskLog>, id: string, last: LogRecord): Promise<Answer> {
  const decided = (await log.history(id)).findLast(({ record }) => record.decision)?.record.decision;
  if (decided) return { kind: 'decided', decision: decided };
  return { kind: 'ended', task: id, how: last.settled_as ?? last.step };
}

/** The task id of a refused message: its header, else its payload. */
function idOf(letter: DeadLetter): string | undefined {
  const header = letter.headers['ce-id']?.[0] ?? letter.headers['Nats-Msg-Id']?.[0];
  const inside = tryDecode(
    () => (JSON.parse(Buffer.from(letter.payload, 'base64').toString('utf8')) as { id?: unknown }).id,
  );
  if (typeof inside === 'string') return inside;
  return header === undefined ? undefined : (tryDecode(() => decodeURIComponent(header)) ?? header);
}

function tryDecode<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

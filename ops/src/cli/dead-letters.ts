// Dead letters as the DEAD stream keeps them, and how one is put back to where it came from.
import { type Bus, eventHeaders } from '@cortex/bus';
import { type DeadLetter, deadLetterSchema, decodeMessage, EVENT_TYPES, logRecordSchema } from '@cortex/schemas';
import { sendAnswer } from './commands/correct.js';
import { Failed, WrongInput } from './failures.js';
import { person } from './session.js';
import { readStored } from './stored.js';

export interface KeptLetter {
  readonly letter: DeadLetter;
  /** Its place in the DEAD stream. */
  readonly sequence: number;
}

/** Every kept letter, oldest first; `stream` narrows to one stream of origin. */
export async function* readLetters(bus: Bus, stream?: string): AsyncGenerator<KeptLetter> {
  const filter = stream === undefined ? bus.subjects.deadAll : bus.subjects.dead(stream);
  for await (const { data, sequence } of readStored(bus, 'DEAD', filter)) {
    try {
      yield { letter: decodeMessage('dead letter', deadLetterSchema, data), sequence };
    } catch {
      // Somebody else's message on our subject: not a letter.
    }
  }
}

/** By id. Throws {@link WrongInput}. */
export async function findLetter(bus: Bus, id: string): Promise<KeptLetter> {
  // The id begins with the stream: reading that one alone is much less.
  const stream = /^(.+)-\d+$/.exec(id)?.[1];
  let found: KeptLetter | undefined;
  for await (const kept of readLetters(bus, stream)) if (kept.letter.id === id) found = kept;
  if (!found) throw new WrongInput('ID', `there is no dead letter "${id}"; "cortex dead list" shows what there is`);
  return found;
}

const STALE_HEADERS = /^nats-(msg-id|expected-|rollup|ttl|batch-|schedule)/i;

/**
 * Puts a letter back and removes it. What came from an inlet is published again as it was; a task that its workers gave up
 * is decided anew. Throws {@link Failed} when it cannot be put back.
 */
export async function retryLetter(bus: Bus, { letter, sequence }: KeptLetter): Promise<string> {
  if (letter.truncated)
    throw new Failed(
      `${letter.id} was too large to be kept whole and cannot be put back: publish it again from its source`,
    );
  const { subjects } = bus;
  const inlets = (['TASKS', 'OUTCOMES', 'REVIEWS', 'TELEMETRY'] as const).map((name) => subjects.stream(name));
  const payload = Buffer.from(letter.payload, 'base64');
  let where: string;
  if (inlets.includes(letter.stream as never)) {
    // A fresh set brings trace and event attributes for messages that had none; the original's win.
    const headers = eventHeaders({ type: EVENT_TYPES.dead, source: `/cortex/${bus.instance}` });
    for (const key of [...headers.keys()]) headers.delete(key);
    for (const [key, values] of Object.entries(letter.headers)) {
      if (STALE_HEADERS.test(key)) continue;
      for (const value of values) headers.append(key, value);
    }
    await bus.js.publish(letter.subject, payload, { headers });
    where = `published again on ${letter.subject}`;
  } else if (letter.stream === subjects.stream('LOG')) {
    const { task } = decodeMessage('log record', logRecordSchema, payload);
    await sendAnswer(bus, { task: task.id, answer: 'retry', by: person(), at: new Date().toISOString() });
    where = `task ${task.id} is decided anew`;
  } else
    throw new Failed(
      `${letter.id} comes from ${letter.stream}, from which nothing can be put back: "cortex dead drop ${letter.id}" removes it`,
    );
  await dropLetter(bus, sequence);
  return where;
}

export async function dropLetter(bus: Bus, sequence: number): Promise<void> {
  await bus.jsm.streams.deleteMessage(bus.subjects.stream('DEAD'), sequence, false);
}

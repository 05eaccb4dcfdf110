// What a look for unowned work rests on: the tasks nobody fits, what the known masters do, and what workers say they can do.
import type { Bus, MasterRegistry } from '@cortex/bus';
import type { Encoder, KnownMaster } from '@cortex/models';
import { decodeMessage, type LogRecord, logRecordSchema } from '@cortex/schemas';

export const UNOWNED = 'coordinator';
export const EXAMPLES = 20;
const MOST_ABILITIES = 500;

export interface Announced {
  readonly worker: string;
  readonly master: string;
  readonly capabilities: readonly string[];
}

export interface Unowned {
  readonly id: string;
  readonly text: string;
}

/** Tasks decided for nobody, newest last. */
export async function readUnowned(bus: Bus): Promise<Unowned[]> {
  const found = new Map<string, Unowned>();
  const consumer = await bus.js.consumers.get(bus.subjects.stream('LOG'), {
    filter_subjects: [bus.subjects.logStep('decided', UNOWNED)],
  });
  if ((await consumer.info(true)).num_pending === 0) return [];
  const messages = await consumer.consume({ max_messages: 500 });
  for await (const message of messages) {
    let record: LogRecord | undefined;
    try {
      record = decodeMessage('log record', logRecordSchema, message.data);
    } catch {
      record = undefined;
    }
    if (record?.task.text !== undefined) found.set(record.task.id, { id: record.task.id, text: record.task.text });
    if (message.info.pending === 0) break;
  }
  await messages.close();
  return [...found.values()];
}

/** Something that can be done, and who says so: a worker, or the registration of a master. */
export interface Ability {
  readonly master: string;
  readonly does: string;
  readonly says: string[];
}

export function abilitiesOf(masters: MasterRegistry, announced: readonly Announced[]): Ability[] {
  const found = new Map<string, Ability>();
  const add = (master: string, does: string, who: string) => {
    const key = `${master} ${does}`;
    const before = found.get(key) ?? { master, does, says: [] };
    if (before.says.length < 5) before.says.push(who);
    found.set(key, before);
  };
  for (const { name, capabilities } of masters.list())
    for (const does of capabilities) add(name, does, `master ${name}`);
  for (const { worker, master, capabilities } of announced) for (const does of capabilities) add(master, does, worker);
  return [...found.values()].slice(0, MOST_ABILITIES);
}

/** Each ability stands for itself: beside a master's other work a single phrase would count for nothing. */
export async function encoded(abilities: readonly Ability[], encoder: Encoder): Promise<KnownMaster[]> {
  if (abilities.length === 0) return [];
  const vectors = await encoder.encode(abilities.map(({ does }) => does));
  return abilities.map(({ master }, i) => ({ name: master, vectors: [vectors[i] as Float32Array] }));
}

export async function known(masters: MasterRegistry, encoder: Encoder): Promise<KnownMaster[]> {
  const known: KnownMaster[] = [];
  for (const { name, description, examples } of masters.list()) {
    const texts = [...(description ? [description] : []), ...(examples ?? []).slice(0, EXAMPLES)];
    known.push({ name, vectors: texts.length > 0 ? await encoder.encode(texts) : [] });
  }
  return known;
}

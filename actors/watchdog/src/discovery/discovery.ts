// Work that nobody owns: once in a while the tasks that fitted no master are grouped, and each group is put to a person as a new master or as
// more work for one that is near. Answered "approve" (or with another name), it is registered; the router knows it a moment later.
import { type Bus, followStream, type Logger, type MasterRegistry, publish, publishAction } from '@cortex/bus';
import { discover, type Encoder, type KnownMaster, loadEncoder, type Proposal } from '@cortex/models';
import {
  decodeMessage,
  EVENT_TYPES,
  type LogRecord,
  logRecordSchema,
  type ReviewAnswer,
  type ReviewRequest,
  reviewAnswerSchema,
} from '@cortex/schemas';
import { type Journal, keyOf } from '../journal.js';

export interface DiscoveryOptions {
  readonly bus: Bus;
  readonly journal: Journal;
  readonly masters: MasterRegistry;
  readonly leads: () => boolean;
  /** Folder of the encoder; without one nothing is discovered. */
  readonly encoder: string | undefined;
  /** Milliseconds between two looks. */
  readonly everyMs: number;
  /** Fewest tasks that make a proposal. */
  readonly least: number;
  readonly log: Logger;
}

export interface Discovery {
  /** Looks now; how many proposals were put to a person. */
  look(): Promise<number>;
  stop(): void;
}

/** What is kept of a proposal, so that nobody is asked twice and an answer finds it after a restart. */
interface KeptProposal {
  readonly review: string;
  readonly state: 'asked' | 'accepted' | 'rejected';
  readonly kind: Proposal['kind'];
  readonly name: string;
  readonly description: string;
  readonly examples: string[];
  /** Tasks it rests on: they are not proposed again. */
  readonly tasks: string[];
}

const UNOWNED = 'coordinator';
const EXAMPLES = 20;
const PREFIX = 'proposal';

export function startDiscovery(options: DiscoveryOptions): Discovery {
  const { bus, journal, masters, log } = options;
  const { subjects } = bus;
  let looking: Promise<number> | undefined;
  const look = () => {
    looking ??= search().finally(() => {
      looking = undefined;
    });
    return looking;
  };
  const timer = setInterval(() => {
    if (options.leads() && bus.state() === 'connected')
      void look().catch((error) => log.warn('no look for unowned work', { error: String(error) }));
  }, options.everyMs);
  const reading = followStream(bus, subjects.stream('REVIEWS'), undefined, log, (message) => {
    if (message.subject !== subjects.reviewsAnswered) return;
    let answer: ReviewAnswer;
    try {
      answer = decodeMessage('answer', reviewAnswerSchema, message.data);
    } catch {
      return;
    }
    if (answer.review?.startsWith('capability-') && options.leads())
      void settle(answer).catch((error) =>
        log.warn('an accepted proposal was not registered', { error: String(error) }),
      );
  });

  async function search(): Promise<number> {
    if (options.encoder === undefined) return 0;
    const settled = new Set((await journal.list<KeptProposal>(PREFIX)).flatMap(({ value }) => value.tasks));
    const unowned = (await readUnowned(bus)).filter(({ id }) => !settled.has(id));
    if (unowned.length < options.least) return 0;
    const encoder = await loadEncoder(options.encoder);
    try {
      const proposals = discover({
        texts: unowned.map(({ text }) => text),
        vectors: await encoder.encode(unowned.map(({ text }) => text)),
        masters: await known(masters, encoder),
        ordinary: masters.list().flatMap((master) => master.examples?.slice(0, 20) ?? []),
        least: options.least,
      });
      let asked = 0;
      for (const proposal of proposals) if (await ask(proposal, unowned)) asked++;
      return asked;
    } finally {
      await encoder.close();
    }
  }

  async function ask(proposal: Proposal, unowned: readonly Unowned[]): Promise<boolean> {
    const examples = proposal.members.slice(0, EXAMPLES).map((i) => unowned[i]?.text ?? '');
    // Its words name a proposal: more tasks of the same kind do not make it another one.
    const key = keyOf(PREFIX, `${proposal.kind} ${[...proposal.words].slice(0, 3).sort().join(' ')}`);
    const review = `capability-${key.slice(PREFIX.length + 1)}`;
    const kept: KeptProposal = {
      review,
      state: 'asked',
      kind: proposal.kind,
      name: proposal.name,
      description: proposal.description,
      examples,
      tasks: proposal.members.map((i) => unowned[i]?.id ?? ''),
    };
    const earlier = await journal.get<KeptProposal>(key);
    if (earlier) return false;
    const count = proposal.members.length;
    const request: ReviewRequest = {
      id: review,
      kind: 'capability',
      question:
        proposal.kind === 'new-master'
          ? `${count} tasks that fitted no master are of one kind: ${proposal.words.join(', ')}. Register a master "${proposal.name}"? (approve, reject, or another name)`
          : `${count} tasks that fitted no master look like work of "${proposal.name}": ${proposal.words.join(', ')}. Add them to its examples? (approve or reject)`,
      context: {
        examples: examples.slice(0, 5),
        tasks: kept.tasks.slice(0, 50),
        words: proposal.words,
        cohesion: proposal.cohesion,
        ...(proposal.nearest ? { nearest: proposal.nearest } : {}),
      },
      asked_by: bus.instance,
      asked_at: new Date().toISOString(),
      default: 'nothing changes',
    };
    // Asked before it is noted: a crash in between asks the same question again under the same id.
    await publish(bus, subjects.reviewsRequested, request, {
      type: EVENT_TYPES.reviewRequested,
      id: `review-${review}`,
    });
    await journal.create(key, kept);
    return true;
  }

  async function settle(answer: ReviewAnswer): Promise<void> {
    const key = `${PREFIX}.${answer.review?.slice('capability-'.length)}`;
    const kept = await journal.get<KeptProposal>(key);
    if (kept?.value.state !== 'asked') return;
    const word = (answer.answer ?? answer.master ?? '').trim();
    const proposal = kept.value;
    if (word === '' || word === 'reject' || word === 'no' || word === 'expired') {
      await journal.update(key, { ...proposal, state: 'rejected' }, kept.revision);
      return;
    }
    const name = word === 'approve' || word === 'yes' ? proposal.name : word;
    const there = masters.find(name);
    await masters.put({
      ...(there ?? { name, description: proposal.description }),
      examples: [...new Set([...(there?.examples ?? []), ...proposal.examples])].slice(0, 200),
    });
    await journal.update(key, { ...proposal, name, state: 'accepted' }, kept.revision);
    await publishAction(bus, {
      id: `${proposal.review}-accepted`,
      kind: there ? 'extend-master' : 'add-master',
      by: answer.by ?? 'a person',
      at: new Date().toISOString(),
      target: name,
      reason: `${proposal.examples.length} tasks of one kind fitted no master`,
    });
  }

  return {
    look,
    stop() {
      clearInterval(timer);
      reading.stop();
    },
  };
}

interface Unowned {
  readonly id: string;
  readonly text: string;
}

/** Tasks decided for nobody, newest last. */
async function readUnowned(bus: Bus): Promise<Unowned[]> {
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

async function known(masters: MasterRegistry, encoder: Encoder): Promise<KnownMaster[]> {
  const known: KnownMaster[] = [];
  for (const { name, description, examples } of masters.list()) {
    const texts = [...(description ? [description] : []), ...(examples ?? []).slice(0, EXAMPLES)];
    known.push({ name, vectors: texts.length > 0 ? await encoder.encode(texts) : [] });
  }
  return known;
}

// Work that nobody owns: once in a while the tasks that fitted no master are grouped, and each group is put to a person as a new master or as
// more work for one that is near. Answered "approve" (or with another name), it is registered, and those of its tasks that still wait go to it; the
// router knows it a moment later. The one thing to know: an answer counts whenever it comes; whoever leads next carries it out.
import { type Bus, followStream, type Logger, type MasterRegistry, publish, publishAction, taskLog } from '@cortex/bus';
import { discover, loadEncoder, type Proposal } from '@cortex/models';
import {
  decodeMessage,
  EVENT_TYPES,
  InvalidMessage,
  type ReviewAnswer,
  type ReviewRequest,
  reviewAnswerSchema,
} from '@cortex/schemas';
import { type Journal, keyOf } from '../journal.js';
import {
  type Ability,
  type Announced,
  abilitiesOf,
  EXAMPLES,
  encoded,
  known,
  readUnowned,
  UNOWNED,
  type Unowned,
} from './gather.js';

export interface DiscoveryOptions {
  readonly bus: Bus;
  readonly journal: Journal;
  readonly masters: MasterRegistry;
  readonly leads: () => boolean;
  /** What workers say they can do. */
  readonly announced: () => readonly Announced[];
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
  /** Carries out what was answered while nobody led, or by one that died over it. */
  takeUp(): Promise<void>;
  stop(): void;
}

/** What is kept of a proposal, so that nobody is asked twice and an answer finds it after a restart. */
interface KeptProposal {
  readonly review: string;
  /** Expired: nobody answered. It may be asked again when there is more of it. */
  readonly state: 'asked' | 'accepted' | 'rejected' | 'expired';
  /** Times a person was asked. Default 1. */
  readonly asked?: number;
  readonly kind: Proposal['kind'];
  readonly name: string;
  readonly description: string;
  readonly examples: string[];
  /** Tasks it rests on: they are not proposed again. */
  readonly tasks: string[];
}

const PREFIX = 'proposal';
const QUESTION = /^capability-([0-9a-f]+)(?:-\d+)?$/;
/** Coordinators hear of a new master a moment after it was registered; an answer that names one they do not know is refused. */
const KNOWN_AFTER_MS = 2_000;
/** What nobody answered is asked again when there is half as much more. */
const ASK_AGAIN = 1.5;
const MOST_ANSWERS = 10_000;

export function startDiscovery(options: DiscoveryOptions): Discovery {
  const { bus, journal, masters, log } = options;
  const { subjects } = bus;
  let looking: Promise<number> | undefined;
  /** By question: whoever reads the stream from its beginning knows what was answered before it led. */
  const answers = new Map<string, ReviewAnswer>();
  let settling: Promise<void> = Promise.resolve();
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
    const question = answer.review;
    if (question === undefined || !QUESTION.test(question)) return;
    // A person's first answer decides, also after the deadline.
    const before = answers.get(question);
    if (before && before.default !== true) return;
    answers.set(question, answer);
    if (answers.size > MOST_ANSWERS) answers.delete(answers.keys().next().value as string);
    if (options.leads()) carryOut(answer);
  });

  function carryOut(answer: ReviewAnswer): void {
    settling = settling
      .then(() => settle(answer))
      .catch((error) => {
        // No name for a master: the next answer may be one.
        if (error instanceof InvalidMessage) answers.delete(answer.review ?? '');
        log.warn('an answered proposal was not carried out', { error: String(error) });
      });
  }

  async function search(): Promise<number> {
    if (options.encoder === undefined) return 0;
    const kept = (await journal.list<KeptProposal>(PREFIX)).map(({ value }) => value);
    const settled = new Set(kept.flatMap(({ state, tasks }) => (state === 'expired' ? [] : tasks)));
    const unowned = (await readUnowned(bus)).filter(({ id }) => !settled.has(id));
    if (unowned.length < options.least) return 0;
    const encoder = await loadEncoder(options.encoder);
    const abilities = abilitiesOf(masters, options.announced());
    try {
      const proposals = discover({
        texts: unowned.map(({ text }) => text),
        vectors: await encoder.encode(unowned.map(({ text }) => text)),
        masters: [...(await known(masters, encoder)), ...(await encoded(abilities, encoder))],
        ordinary: masters.list().flatMap((master) => master.examples?.slice(0, 20) ?? []),
        least: options.least,
      });
      let asked = 0;
      for (const proposal of proposals) if (await ask(proposal, unowned, abilities)) asked++;
      return asked;
    } finally {
      await encoder.close();
    }
  }

  async function ask(proposal: Proposal, unowned: readonly Unowned[], abilities: readonly Ability[]): Promise<boolean> {
    const examples = proposal.members.slice(0, EXAMPLES).map((i) => unowned[i]?.text ?? '');
    // Its words name a proposal: more tasks of the same kind do not make it another one.
    const key = keyOf(PREFIX, `${proposal.kind} ${[...proposal.words].slice(0, 3).sort().join(' ')}`);
    const earlier = await journal.get<KeptProposal>(key);
    const grown = proposal.members.length >= ASK_AGAIN * (earlier?.value.tasks.length ?? 0);
    if (earlier && !(earlier.value.state === 'expired' && grown)) return false;
    const asked = earlier ? (earlier.value.asked ?? 1) + 1 : 1;
    const review = `capability-${key.slice(PREFIX.length + 1)}${asked > 1 ? `-${asked}` : ''}`;
    const kept: KeptProposal = {
      review,
      state: 'asked',
      asked,
      kind: proposal.kind,
      name: proposal.name,
      description: proposal.description,
      examples,
      tasks: proposal.members.map((i) => unowned[i]?.id ?? ''),
    };
    const count = proposal.members.length;
    const able = abilities.filter(({ master }) => master === proposal.name).slice(0, 10);
    const request: ReviewRequest = {
      id: review,
      kind: 'capability',
      question:
        proposal.kind === 'new-master' || !masters.find(proposal.name)
          ? `${count} tasks that fitted no master are of one kind: ${proposal.words.join(', ')}. Register a master "${proposal.name}"? (approve, reject, or another name)`
          : `${count} tasks that fitted no master look like work of "${proposal.name}": ${proposal.words.join(', ')}. Add them to its examples? (approve or reject)`,
      context: {
        examples: examples.slice(0, 5),
        tasks: kept.tasks.slice(0, 50),
        words: proposal.words,
        cohesion: proposal.cohesion,
        ...(proposal.nearest ? { nearest: proposal.nearest } : {}),
        ...(able.length > 0 ? { able } : {}),
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
    await (earlier ? journal.update(key, kept, earlier.revision) : journal.create(key, kept));
    return true;
  }

  async function settle(answer: ReviewAnswer): Promise<void> {
    const key = `${PREFIX}.${QUESTION.exec(answer.review ?? '')?.[1]}`;
    const kept = await journal.get<KeptProposal>(key);
    if (!kept || kept.value.review !== answer.review) return;
    const word = (answer.answer ?? answer.master ?? '').trim();
    const proposal = kept.value;
    if (proposal.state !== 'asked' && !(proposal.state === 'expired' && word !== 'expired')) return;
    if (/^(?:|reject(?:ed)?|no?|expired)$/i.test(word)) {
      const state = word === 'expired' ? 'expired' : 'rejected';
      await journal.update(key, { ...proposal, state }, kept.revision);
      return;
    }
    const name = /^(?:approved?|y(?:es)?|ok)$/i.test(word) ? proposal.name : word;
    const there = masters.find(name);
    // Each of these may be done twice: whoever dies in between is followed by one that does all of it again.
    await masters.put({
      ...(there ?? { name, description: proposal.description }),
      examples: [...new Set([...(there?.examples ?? []), ...proposal.examples])].slice(0, 200),
    });
    await new Promise((resolve) => setTimeout(resolve, KNOWN_AFTER_MS));
    const moved = await moveWaiting(proposal, name, answer.by);
    await publishAction(bus, {
      id: `${proposal.review}-accepted`,
      kind: there && proposal.kind === 'extend-master' ? 'extend-master' : 'add-master',
      by: answer.by ?? 'a person',
      at: new Date().toISOString(),
      target: name,
      reason: `${proposal.tasks.length} tasks of one kind fitted no master`,
      evidence: { review: proposal.review, tasks: proposal.tasks.slice(0, 50), moved },
    });
    await journal.update(key, { ...proposal, name, state: 'accepted' }, kept.revision);
  }

  /** Those that still wait with nobody. Who accepted the proposal saw a few of them: it moves them, and is no label of each. */
  async function moveWaiting(proposal: KeptProposal, master: string, by = 'a person'): Promise<number> {
    const tasks = taskLog(bus);
    let moved = 0;
    for (const task of proposal.tasks) {
      const last = (await tasks.last(task))?.record;
      if (!last || last.settled_as !== undefined || last.decision?.master !== UNOWNED) continue;
      const answer: ReviewAnswer = {
        task,
        master,
        by,
        default: true,
        at: new Date().toISOString(),
        comment: proposal.review,
        ...(last.decided_revision === undefined ? {} : { if_revision: last.decided_revision }),
      };
      await publish(bus, subjects.reviewsAnswered, answer, {
        type: EVENT_TYPES.reviewAnswered,
        id: `${proposal.review}-${last.record ?? task}`,
      });
      moved++;
    }
    return moved;
  }

  return {
    look,
    async takeUp() {
      await reading.caughtUp;
      for (const answer of answers.values()) carryOut(answer);
      await settling;
    },
    stop() {
      clearInterval(timer);
      reading.stop();
    },
  };
}

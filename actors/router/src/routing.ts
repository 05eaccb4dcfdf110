// The way of an ask through the cascade: remembered, or rules and words, or the encoder, or the deadline.
// The one thing to know: the quick opinion is there before the encoder is asked, so a deadline never finds us empty-handed.
import { count, describeSpan, type Question, recordSpan } from '@cortex/bus';
import type { RouteQuery } from '@cortex/models';
import { decodeMessage, type RouteAnswer, type RouteAsk, routeAskSchema, SPAN_KEYS } from '@cortex/schemas';
import { answerOf, type Circumstances, type Exit, recalled } from './answer.js';
import type { Eligibility, Eligible } from './eligible.js';
import type { EncoderSupply } from './encoder-supply.js';
import { gather } from './gather.js';
import type { Opinion, Panel } from './panel.js';
import { questionKey, Remembered } from './remembered.js';

export interface RoutingParts {
  /** What serves now. */
  readonly panel: () => Panel;
  readonly eligibility: Eligibility;
  readonly encoder: EncoderSupply;
  readonly remembered: number;
  readonly earlyExit: boolean;
  /** Milliseconds before the deadline at which the answer goes out. */
  readonly marginMs: number;
  /** Told once per failure of the full stage. */
  readonly onFailure: (error: unknown) => void;
}

export type Answer = RouteAnswer | Error | Promise<RouteAnswer>;

/** A question that was understood. */
export interface ReadAsk {
  readonly question: Question;
  readonly ask: RouteAsk;
}

/** How to hear a panel that does not decide, or not alone. */
export interface HearOptions {
  /** Leaves no spans and no counts: the answer is only compared. */
  readonly aside?: boolean;
  /** A panel that fails with its vectors is an error, and not an answer without them. */
  readonly strict?: boolean;
}

/** One distinct question of a batch; identical ones share it. */
interface Topic {
  readonly key: string;
  readonly query: RouteQuery;
  /** Masters the ask names, and those of them that may be chosen. */
  readonly wanted: readonly string[] | undefined;
  readonly eligible: Eligible;
  readonly askers: { index: number; question: Question }[];
}

/** Where the time of one topic went, for its spans. */
interface Stages {
  quickAt: number;
  /** Names of the experts that were heard without the encoder. */
  quick: ReadonlySet<string>;
  encodeAt?: number;
  encodedAt?: number;
}

/** What a panel is asked. */
type Asked = Pick<Topic, 'query' | 'eligible'>;

type Full = { opinion: Opinion; stages: Stages } | { reason: string; late: boolean; failed?: unknown };

const now = () => performance.timeOrigin + performance.now();

export class Routing {
  private readonly memory: Remembered<RouteAnswer>;
  private readonly fullStages = new WeakMap<Panel, (topic: Asked) => Promise<Opinion>>();

  constructor(private readonly parts: RoutingParts) {
    this.memory = new Remembered(parts.remembered);
  }

  /** What was answered from memory and what was not. */
  stats(): { hits: number; misses: number; size: number } {
    return { hits: this.memory.hits, misses: this.memory.misses, size: this.memory.size };
  }

  /** One answer a question, in order; those that wait for the encoder are promises. */
  async answer(questions: readonly Question[]): Promise<Answer[]> {
    return answerAll(questions, (asks) => this.hear(asks, this.parts.panel()));
  }

  /** What one panel says to asks that were read, in order. */
  async hear(asks: readonly ReadAsk[], panel: Panel, options: HearOptions = {}): Promise<Answer[]> {
    const missing = panel.needsEncoder ? this.parts.encoder.missing() : panel.reason;
    const answers: Answer[] = new Array(asks.length);
    const topics = new Map<string, Topic>();
    asks.forEach(({ question, ask }, index) => {
      try {
        const eligible = this.parts.eligibility.of(ask.masters);
        const query = queryOf(ask);
        const key = questionKey(`${panel.identity}\0${missing ?? ''}`, eligible.digest, query);
        const known = this.memory.get(key);
        if (known) answers[index] = this.finish(recalled(known), options, question);
        else {
          const topic = topics.get(key) ?? { key, query, wanted: ask.masters, eligible, askers: [] };
          topics.set(key, topic);
          topic.askers.push({ index, question });
        }
      } catch (error) {
        answers[index] = error instanceof Error ? error : new Error(String(error));
      }
    });
    if (topics.size === 0) return answers;

    const open = [...topics.values()];
    const quickAt = now();
    const opinions = await bySameMasters(open, (queries, names) => panel.quick(queries, names));
    open.forEach((topic, i) => {
      const opinion = opinions[i];
      if (!opinion) throw new RangeError(`${opinions.length} opinions for ${open.length} questions`);
      const heard = opinion.experts.filter(({ abstained, latency_ms }) => !abstained || latency_ms > 0);
      const stages: Stages = { quickAt, quick: new Set(heard.map(({ name }) => name)) };
      const given = this.cascade(panel, missing, topic, opinion, stages, options);
      for (const { index, question } of topic.askers) answers[index] = given(question);
    });
    return answers;
  }

  /** Decides how far a topic has to go; returns what each of its askers gets. */
  private cascade(
    panel: Panel,
    missing: string | undefined,
    topic: Topic,
    quick: Opinion,
    stages: Stages,
    options: HearOptions,
  ): (question: Question) => Answer {
    const settle = (opinion: Opinion, how: Circumstances, question: Question, spent: Stages): RouteAnswer => {
      // Somebody may have been removed while the encoder was at work.
      const answer = answerOf(opinion, this.parts.eligibility.of(topic.wanted), how);
      if (!options.aside) recordVotes(opinion, spent, question);
      return this.finish(answer, options, question);
    };
    const circumstances = (exit: Exit, reason?: string): Circumstances => ({
      exit,
      models: { router: panel.version },
      ...(reason === undefined ? {} : { reason }),
    });
    const { sure } = quick;
    if (sure !== undefined && (this.parts.earlyExit || sure === 'rule')) {
      return (question) => this.remember(topic, settle(quick, circumstances(sure), question, stages));
    }
    if (!panel.needsEncoder || missing !== undefined) {
      const how = circumstances('no-encoder', missing);
      return (question) => this.remember(topic, settle(quick, how, question, stages));
    }
    const last = Math.max(...topic.askers.map(({ question }) => question.deadline)) - this.parts.marginMs;
    const full = this.full(panel, topic, last, stages);
    return async (question) => {
      const found = await before(question.deadline - this.parts.marginMs, full);
      if ('opinion' in found) {
        const encoder = this.parts.encoder.current()?.id;
        const how = circumstances('encoder');
        if (encoder !== undefined) how.models.encoder = encoder;
        const answer = settle(found.opinion, how, question, found.stages);
        return panel.moving ? answer : this.remember(topic, answer);
      }
      if (options.strict && found.failed !== undefined) throw found.failed;
      return settle(quick, circumstances(found.late ? 'deadline' : 'no-encoder', found.reason), question, stages);
    };
  }

  /** Never rejects: whatever goes wrong, the quick opinion stands. */
  private async full(panel: Panel, { query, eligible }: Asked, deadline: number, stages: Stages): Promise<Full> {
    const encodeAt = now();
    const embedded = await this.parts.encoder.embed(query.text, deadline);
    if ('reason' in embedded) return embedded;
    const encodedAt = now();
    try {
      const opinion = await this.fullStage(panel)({ query: { ...query, embedding: embedded.vector }, eligible });
      return { opinion, stages: { ...stages, encodeAt, encodedAt } };
    } catch (error) {
      this.parts.onFailure(error);
      return { reason: error instanceof Error ? error.message : String(error), late: false, failed: error };
    }
  }

  /** Each panel has its own gathering, so that a swap in between mixes nothing. */
  private fullStage(panel: Panel): (topic: Asked) => Promise<Opinion> {
    let stage = this.fullStages.get(panel);
    if (!stage) {
      stage = gather((topics: Asked[]) => bySameMasters(topics, (queries, names) => panel.full(queries, names)));
      this.fullStages.set(panel, stage);
    }
    return stage;
  }

  private remember({ key, wanted, eligible }: Topic, answer: RouteAnswer): RouteAnswer {
    if (this.parts.eligibility.of(wanted).digest === eligible.digest) this.memory.set(key, answer);
    return answer;
  }

  private finish(answer: RouteAnswer, { aside }: HearOptions, { context }: Question): RouteAnswer {
    if (aside) return answer;
    count('routeAnswers', { exit: answer.exit ?? '', abstain: answer.abstain });
    if (answer.exit !== undefined) describeSpan(context, { [SPAN_KEYS.exit]: answer.exit });
    return answer;
  }
}

/** Reads questions and has those answered that are asks; the others are answered with what is wrong with them. */
export async function answerAll(
  questions: readonly Question[],
  hear: (asks: readonly ReadAsk[]) => Promise<Answer[]>,
): Promise<Answer[]> {
  const answers: Answer[] = new Array(questions.length);
  const asks: ReadAsk[] = [];
  const places: number[] = [];
  questions.forEach((question, index) => {
    try {
      asks.push({ question, ask: decodeMessage('ask', routeAskSchema, question.data) });
      places.push(index);
    } catch (error) {
      answers[index] = error instanceof Error ? error : new Error(String(error));
    }
  });
  const heard = await hear(asks);
  places.forEach((place, i) => {
    answers[place] = heard[i] ?? new RangeError(`${heard.length} answers for ${asks.length} asks`);
  });
  return answers;
}

/** Asks a panel once for all topics with the same masters to choose from; mostly that is all of them. */
async function bySameMasters(
  topics: readonly Asked[],
  ask: (queries: RouteQuery[], names: string[]) => Promise<Opinion[]>,
): Promise<Opinion[]> {
  const groups = new Map<string, number[]>();
  topics.forEach(({ eligible }, i) => {
    const group = groups.get(eligible.digest);
    if (group) group.push(i);
    else groups.set(eligible.digest, [i]);
  });
  const opinions: Opinion[] = new Array(topics.length);
  for (const group of groups.values()) {
    const names = topics[group[0] ?? 0]?.eligible.names ?? [];
    const heard = await ask(
      group.map((i) => topics[i]?.query ?? { text: '' }),
      [...names],
    );
    group.forEach((i, at) => {
      const opinion = heard[at];
      if (!opinion) throw new RangeError(`${heard.length} opinions for ${group.length} questions`);
      opinions[i] = opinion;
    });
  }
  return opinions;
}

/** Title and text as one, without saying the title twice: what the model reads is what is encoded. */
function queryOf({ task }: RouteAsk): RouteQuery {
  const { title, text } = task;
  return {
    text: typeof title === 'string' && title !== '' && !text.startsWith(title) ? `${title}\n${text}` : text,
    ...(typeof task.repository === 'string' ? { repository: task.repository } : {}),
    ...(typeof task.source === 'string' ? { source: task.source } : {}),
    ...(isLabels(task.labels) ? { labels: task.labels } : {}),
  };
}

function isLabels(value: unknown): value is Record<string, string> {
  return (
    typeof value === 'object' && value !== null && Object.values(value).every((label) => typeof label === 'string')
  );
}

async function before(deadline: number, full: Promise<Full>): Promise<Full> {
  let timer: NodeJS.Timeout | undefined;
  const left = Math.max(0, deadline - Date.now());
  const late = new Promise<Full>((resolve) => {
    timer = setTimeout(() => resolve({ reason: `${Math.round(left)} ms were left`, late: true }), left);
  });
  try {
    return await Promise.race([full, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * One span an expert that was asked, with its own share of the batch's time. Where the cascade ended early those who had nothing to say
 * have none: such a decision is made in a fraction of a millisecond, and its trace shall not cost more than itself.
 */
function recordVotes(opinion: Opinion, stages: Stages, question: Question): void {
  const { quickAt, quick, encodeAt, encodedAt } = stages;
  const early = encodedAt === undefined;
  if (encodeAt !== undefined && encodedAt !== undefined)
    recordSpan('encode', encodeAt, encodedAt, {}, question.context);
  for (const { name, abstained, latency_ms } of opinion.experts) {
    if (abstained && (early || latency_ms === 0)) continue;
    const start = quick.has(name) ? quickAt : (encodedAt ?? quickAt);
    const attributes = {
      [SPAN_KEYS.expert]: name,
      ...(abstained ? { [SPAN_KEYS.expertAbstained]: true } : {}),
    };
    recordSpan(`expert ${name}`, start, start + latency_ms, attributes, question.context);
  }
}

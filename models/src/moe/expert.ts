// The ensemble's neural voice: the exported network asked against the masters that are there right now.
// The one thing to know: masters come and go without retraining. A new one takes part by its description the moment
// `setMasters` or `addMaster` resolves; a removed one is out of every vote that is answered after `removeMaster` returns.
import type { Expert, RouteQuery, Vote } from '../experts/expert.js';
import type { Histories } from '../track-record/index.js';
import { HISTORY_WIDTH, writeHistory } from './history.js';
import type { ServedMoe } from './model-folder.js';
import { WIDTH } from './network.js';

export interface NeuralMaster {
  name: string;
  /** The encoder's unit vector of its description. Default: the one it was trained with; a new master needs one. */
  description?: Float32Array;
}

/** A new master came without a description vector, or with one of another length. */
export class MasterUndescribedError extends Error {
  readonly code = 'master-undescribed';
  constructor(
    readonly master: string,
    reason: string,
  ) {
    super(`Master "${master}" cannot take part: ${reason}`);
    this.name = 'MasterUndescribedError';
  }
}

/** What the network says of one task, beyond a vote. */
export interface NeuralAnswer {
  masters: readonly string[];
  /** As many as `masters`, before softmax: what stacking combines. */
  logits: Float32Array;
  probabilities: Float32Array;
  /** Chance that each master would succeed; undefined when the network was never shown outcomes. */
  success?: Float32Array;
  /** Chance that the likeliest master is the right one. */
  confidence: number;
}

interface Roster {
  names: readonly string[];
  encoded: Float32Array;
}

const NOBODY: Roster = { names: [], encoded: new Float32Array() };

export class NeuralExpert implements Expert {
  readonly name = 'neural';
  readonly needsEmbedding = true;
  #roster = NOBODY;
  #histories: () => Histories = () => ({});
  /** One set an encoding under way: who was removed meanwhile must not come back with it. */
  readonly #removedMeanwhile = new Set<Set<string>>();

  private constructor(private readonly model: ServedMoe) {}

  /** @param masters Default: those the network was trained with. */
  static async create(model: ServedMoe, masters?: readonly NeuralMaster[]): Promise<NeuralExpert> {
    const expert = new NeuralExpert(model);
    await expert.setMasters(masters ?? [...model.known.keys()].map((name) => ({ name })));
    return expert;
  }

  get masters(): readonly string[] {
    return this.#roster.names;
  }

  /** @throws MasterUndescribedError; the masters stay as they were. */
  async setMasters(masters: readonly NeuralMaster[]): Promise<void> {
    this.#roster = await this.#encode([...new Map(masters.map((master) => [master.name, master])).values()]);
  }

  /** Adds one, or replaces it when its name is there already. */
  async addMaster(master: NeuralMaster): Promise<void> {
    const fresh = await this.#encode([master]);
    const others = without(this.#roster, master.name);
    this.#roster = {
      names: [...others.names, ...fresh.names],
      encoded: joined(others.encoded, fresh.encoded),
    };
  }

  removeMaster(name: string): void {
    this.#roster = without(this.#roster, name);
    for (const removed of this.#removedMeanwhile) removed.add(name);
  }

  /** Whether it learned from histories; if not, none is shown to it. */
  get readsHistories(): boolean {
    return this.model.knowsHistory;
  }

  /** @param histories what is known of each master at the moment of asking; asked at each vote whose queries bring none of their own. */
  follow(histories: () => Histories): void {
    this.#histories = histories;
  }

  async vote(queries: readonly RouteQuery[]): Promise<Vote[]> {
    const started = performance.now();
    const asked = queries.filter(({ embedding }) => isUsable(embedding));
    const answers = await this.answer(
      asked.map(({ embedding }) => embedding!),
      asked.map(({ history }) => history),
    );
    const latency = (performance.now() - started) / Math.max(1, queries.length);
    let next = 0;
    return queries.map(({ embedding }) => this.#toVote(isUsable(embedding) ? answers[next++] : undefined, latency));
  }

  /**
   * One answer a vector, each over the masters that are still there when it arrives.
   * @param histories by vector, for those whose moment was another than now
   */
  async answer(
    vectors: readonly Float32Array[],
    histories: readonly (Histories | undefined)[] = [],
  ): Promise<NeuralAnswer[]> {
    const { dimensions } = this.model.session;
    const roster = this.#roster;
    const count = roster.names.length;
    if (vectors.length === 0 || count === 0) {
      return vectors.map(() => ({
        masters: [],
        logits: new Float32Array(),
        probabilities: new Float32Array(),
        confidence: 0,
      }));
    }
    const tasks = new Float32Array(vectors.length * dimensions);
    vectors.forEach((vector, i) => {
      if (vector.length !== dimensions)
        throw new RangeError(`vector of length ${vector.length}, the network takes ${dimensions}`);
      tasks.set(vector, i * dimensions);
    });
    const out = await this.model.session.ask(tasks, vectors.length, roster.encoded, this.#history(roster, histories));
    const gone = roster.names.filter((name) => !this.#roster.names.includes(name));
    return vectors.map((_, i) => {
      const part = (all: Float32Array) => all.subarray(i * count, (i + 1) * count);
      const answer: NeuralAnswer = {
        masters: roster.names,
        logits: part(out.logits),
        probabilities: part(out.probabilities),
        confidence: out.confidence[i]!,
        ...(this.model.knowsSuccess ? { success: part(out.success) } : {}),
      };
      return gone.length > 0 ? withoutMasters(answer, new Set(gone)) : answer;
    });
  }

  /** [1, M, 2F] where all questions are about the same moment, else [tasks, M, 2F]. */
  #history({ names }: Roster, histories: readonly (Histories | undefined)[]): Float32Array {
    const width = names.length * HISTORY_WIDTH;
    if (!this.model.knowsHistory) return new Float32Array(width);
    const now = histories.length > 0 && histories.every(Boolean) ? {} : this.#histories();
    const moments = histories.some(Boolean) ? histories.map((history) => history ?? now) : [now];
    const written = new Float32Array(moments.length * width);
    moments.forEach((moment, i) => {
      names.forEach((name, m) => {
        if (Object.hasOwn(moment, name)) writeHistory(written, i * width + m * HISTORY_WIDTH, moment[name]);
      });
    });
    return written;
  }

  #toVote(answer: NeuralAnswer | undefined, latency_ms: number): Vote {
    if (!answer || answer.masters.length === 0) {
      const why = answer ? 'no master is registered' : 'the text has no usable vector';
      return { probabilities: {}, abstained: true, latency_ms, evidence: [why] };
    }
    let best = 0;
    const probabilities: Record<string, number> = {};
    answer.masters.forEach((name, i) => {
      probabilities[name] = answer.probabilities[i]!;
      if (answer.probabilities[i]! > answer.probabilities[best]!) best = i;
    });
    return { probabilities, abstained: false, latency_ms, evidence: this.#evidence(answer, best) };
  }

  #evidence(answer: NeuralAnswer, best: number): string[] {
    const name = answer.masters[best]!;
    const percent = (p: number) => `${Math.round(100 * p)} %`;
    const lines = [
      `the network gives ${name} ${percent(answer.probabilities[best]!)}, and is right in ${percent(answer.confidence)} of such cases`,
    ];
    if (!this.model.known.has(name)) lines.push(`${name} was never seen in training: judged by its description`);
    if (answer.success) lines.push(`it expects ${name} to succeed with ${percent(answer.success[best]!)}`);
    return lines;
  }

  async #encode(masters: readonly NeuralMaster[]): Promise<Roster> {
    const { session, known, newcomer } = this.model;
    const width = WIDTH.task + 1;
    const described = new Float32Array(masters.length * session.dimensions);
    const learned = new Float32Array(masters.length * width);
    masters.forEach((master, i) => {
      const vector = master.description ?? known.get(master.name)?.description;
      if (!vector) throw new MasterUndescribedError(master.name, 'it is new and has no description vector');
      if (vector.length !== session.dimensions) {
        throw new MasterUndescribedError(
          master.name,
          `its vector has ${vector.length} numbers, not ${session.dimensions}`,
        );
      }
      described.set(vector, i * session.dimensions);
      learned.set(known.get(master.name)?.learned ?? newcomer, i * width);
    });
    if (masters.length === 0) return NOBODY;
    const removed = new Set<string>();
    this.#removedMeanwhile.add(removed);
    try {
      const encoded = await session.encodeMasters(described, learned, masters.length);
      return [...removed].reduce(without, { names: masters.map((m) => m.name), encoded });
    } finally {
      this.#removedMeanwhile.delete(removed);
    }
  }
}

function isUsable(vector: Float32Array | undefined): vector is Float32Array {
  return vector?.every(Number.isFinite) === true;
}

/** The answer as if the masters in `gone` had not been asked about. */
function withoutMasters(answer: NeuralAnswer, gone: ReadonlySet<string>): NeuralAnswer {
  const kept = answer.masters.flatMap((name, i) => (gone.has(name) ? [] : [i]));
  const pick = (values: Float32Array) => Float32Array.from(kept, (i) => values[i]!);
  const probabilities = pick(answer.probabilities);
  const sum = probabilities.reduce((total, p) => total + p, 0) || 1;
  return {
    masters: kept.map((i) => answer.masters[i]!),
    logits: pick(answer.logits),
    probabilities: probabilities.map((p) => p / sum),
    confidence: answer.confidence,
    ...(answer.success ? { success: pick(answer.success) } : {}),
  };
}

function joined(left: Float32Array, right: Float32Array): Float32Array {
  const both = new Float32Array(left.length + right.length);
  both.set(left);
  both.set(right, left.length);
  return both;
}

function without(roster: Roster, name: string): Roster {
  const at = roster.names.indexOf(name);
  if (at < 0) return roster;
  const cut = (values: Float32Array) => {
    const width = values.length / roster.names.length;
    return joined(values.subarray(0, at * width), values.subarray((at + 1) * width));
  };
  const names = roster.names.filter((_, i) => i !== at);
  return { names, encoded: cut(roster.encoded) };
}

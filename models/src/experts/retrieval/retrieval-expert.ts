// The voice of past tasks: who had the nearest ones, and how it went.
// The one thing to know: exact search over everything it was given; rows come and go while it serves, nothing is trained.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Expert, RouteQuery, Vote } from '../expert.js';
import { type Hit, VectorRows } from './vector-rows.js';
import { DEFAULT_SETTINGS, fitSettings, type Neighbour, type VoteSettings, voteOf } from './vote.js';

/** A past task, an example, or a description, with its vector. */
export interface RetrievalRow {
  master: string;
  text: string;
  /** The encoder's unit vector of the text. */
  vector: Float32Array;
  /** Default 'example'. */
  kind?: 'example' | 'description' | 'task';
  /** How it went with that master. Default: unknown, which counts like a success. */
  success?: boolean;
  /** How much the row counts. Default 1. */
  weight?: number;
}

export interface RetrievalOptions {
  /** Length of the vectors: the encoder's `dimensions`. */
  dimensions: number;
  /** Neighbours that vote. Default 32. */
  neighbours?: number;
}

export interface Judgement {
  vote: Vote;
  /** Mean cosine of the 5 nearest rows: low where nothing known is near (out of scope). Null without rows or vector. */
  nearness: number | null;
}

/** Texts are kept this long to be shown. */
const SHOWN_CHARACTERS = 100;
const NEAREST_FOR_SCOPE = 5;
const MAX_EVIDENCE = 3;
/** Row comparisons before the event loop gets a turn: a few milliseconds of work. */
const COMPARISONS_PER_TURN = 10_000;
const MIN_ROWS_TO_FIT = 20;

interface Known extends Omit<Required<RetrievalRow>, 'vector' | 'success'> {
  success: boolean | undefined;
}

export class RetrievalExpert implements Expert {
  readonly name = 'retrieval';
  readonly needsEmbedding = true;
  private readonly rows: VectorRows;
  private readonly known: Known[] = [];
  private readonly neighbours: number;
  private chosen: VoteSettings = DEFAULT_SETTINGS;
  /** Made anew when rows came or went. */
  private census: { masters: string[]; indexOf: Map<string, number>; shares: Float64Array } | undefined;

  constructor(options: RetrievalOptions) {
    this.rows = new VectorRows(options.dimensions);
    this.neighbours = options.neighbours ?? 32;
  }

  get size(): number {
    return this.rows.size;
  }

  get settings(): VoteSettings {
    return { ...this.chosen };
  }

  /** @throws VectorLengthMismatch; rows before the wrong one are in */
  add(rows: Iterable<RetrievalRow>): void {
    this.census = undefined;
    for (const { vector, master, text, kind = 'example', success, weight = 1 } of rows) {
      this.rows.add(vector);
      this.known.push({ master, text: text.slice(0, SHOWN_CHARACTERS), kind, success, weight });
    }
  }

  /** Takes out all rows of a master, or only those of a kind; gives how many went. */
  removeMaster(master: string, kind?: RetrievalRow['kind']): number {
    this.census = undefined;
    const before = this.known.length;
    // From the end, because the last row moves into each gap.
    for (let row = this.known.length - 1; row >= 0; row--) {
      const one = this.known[row];
      if (one?.master !== master || (kind !== undefined && one.kind !== kind)) continue;
      this.rows.remove(row);
      const last = this.known.pop();
      if (last && row < this.known.length) this.known[row] = last;
    }
    return before - this.known.length;
  }

  async vote(queries: readonly RouteQuery[]): Promise<Vote[]> {
    return (await this.judge(queries)).map(({ vote }) => vote);
  }

  /** The votes, and how near anything known is. @throws VectorLengthMismatch */
  async judge(queries: readonly RouteQuery[]): Promise<Judgement[]> {
    const judgements: Judgement[] = [];
    const atOnce = Math.max(1, Math.floor(COMPARISONS_PER_TURN / Math.max(1, this.rows.size)));
    for (let from = 0; from < queries.length; from += atOnce) {
      if (from > 0) await nextTurn();
      const started = performance.now();
      const some = queries.slice(from, from + atOnce);
      const vectors = some.map(({ embedding }) => embedding).filter((vector) => vector !== undefined);
      const found = this.rows.nearest(vectors, Math.max(this.neighbours, NEAREST_FOR_SCOPE));
      const part = some.map(({ embedding }) => this.judgeOne(embedding ? (found.shift() ?? []) : []));
      for (const { vote } of part) vote.latency_ms = (performance.now() - started) / some.length;
      judgements.push(...part);
    }
    return judgements;
  }

  /**
   * Fits temperature and prior on its own rows, each left out when it is asked about. Rows with the same text are left out
   * together, else copies would make it certain. Does nothing with fewer than 20 rows. Gives the event loop its turns.
   * @param sample rows asked about at most. Default 300.
   */
  async fit(sample = 300): Promise<VoteSettings> {
    const { shares, indexOf } = this.takeCensus();
    const candidates = this.known.flatMap((one, row) => (one.success === false ? [] : [row]));
    if (candidates.length < MIN_ROWS_TO_FIT) return this.settings;
    const step = candidates.length / Math.min(sample, candidates.length);
    const left: { neighbours: Neighbour[]; right: number }[] = [];
    for (let at = 0; at < candidates.length; at += step) {
      const row = candidates[Math.floor(at)] ?? 0;
      const self = this.known[row];
      // Rows may come and go between turns; then this one may be another, which does no harm.
      if (!self || row >= this.rows.size) continue;
      const [hits = []] = this.rows.nearest([this.rows.at(row).slice()], this.neighbours + 8);
      const others = hits.filter((hit) => hit.row !== row && this.known[hit.row]?.text !== self.text);
      const right = indexOf.get(self.master);
      if (right !== undefined)
        left.push({ neighbours: this.describe(others.slice(0, this.neighbours), indexOf), right });
      if (Math.floor(at / step) % Math.max(1, Math.floor(COMPARISONS_PER_TURN / this.rows.size)) === 0)
        await nextTurn();
    }
    this.chosen = fitSettings(left, shares);
    return this.settings;
  }

  private judgeOne(hits: readonly Hit[]): Judgement {
    if (hits.length === 0) {
      return { vote: { probabilities: {}, abstained: true, latency_ms: 0, evidence: [] }, nearness: null };
    }
    const { masters, indexOf, shares } = this.takeCensus();
    const odds = voteOf(this.describe(hits.slice(0, this.neighbours), indexOf), shares, this.chosen);
    const near = hits.slice(0, NEAREST_FOR_SCOPE);
    const vote: Vote = {
      probabilities: Object.fromEntries(masters.map((master, m) => [master, odds[m] ?? 0])),
      abstained: false,
      latency_ms: 0,
      evidence: hits.slice(0, MAX_EVIDENCE).map((hit, k) => this.tell(hit, k)),
    };
    return { vote, nearness: near.reduce((sum, { cosine }) => sum + cosine, 0) / near.length };
  }

  private describe(hits: readonly Hit[], indexOf: ReadonlyMap<string, number>): Neighbour[] {
    return hits.flatMap(({ row, cosine }) => {
      const one = this.known[row];
      const master = one && indexOf.get(one.master);
      return one && master !== undefined ? [{ master, cosine, weight: one.weight, success: one.success }] : [];
    });
  }

  private tell({ row, cosine }: Hit, rank: number): string {
    const one = this.known[row];
    const outcome = one?.success === undefined ? '' : one.success ? ', which succeeded' : ', which failed';
    return `${rank === 0 ? 'nearest' : 'near'} ${one?.kind} of ${one?.master}${outcome}: "${one?.text}" (${cosine.toFixed(2)})`;
  }

  private takeCensus(): { masters: string[]; indexOf: Map<string, number>; shares: Float64Array } {
    if (this.census) return this.census;
    const indexOf = new Map<string, number>();
    const counts: number[] = [];
    for (const { master } of this.known) {
      const index = indexOf.get(master) ?? indexOf.size;
      indexOf.set(master, index);
      counts[index] = (counts[index] ?? 0) + 1;
    }
    const total = this.known.length + indexOf.size;
    // One is added to each, so that a master with a single row is not held impossible.
    const shares = Float64Array.from(counts, (count) => (count + 1) / total);
    this.census = { masters: [...indexOf.keys()], indexOf, shares };
    return this.census;
  }
}

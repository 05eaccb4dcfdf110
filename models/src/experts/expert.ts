// What the members of the router's ensemble have in common: a batch of questions in, one vote each out.
// The one thing to know: a voice that has nothing to say abstains; it never guesses a prior to look busy.
import type { Histories } from '../track-record/index.js';

/** One task as the experts see it. */
export interface RouteQuery {
  text: string;
  title?: string;
  /** The encoder's unit vector of the text; experts with `needsEmbedding` abstain without it. */
  embedding?: Float32Array;
  labels?: Record<string, string>;
  repository?: string;
  source?: string;
  /** What was known of each master at the moment of the task, where that moment is not now. */
  history?: Histories;
}

export interface Vote {
  /** Master → probability. Sums to 1 over the masters the expert knows; masters left out have 0. Empty when abstained. */
  probabilities: Record<string, number>;
  abstained: boolean;
  /** Milliseconds spent on this query (a batch's time is shared evenly). */
  latency_ms: number;
  /** Short sentences a person understands, the weightiest first. */
  evidence: string[];
}

export type ExpertName = 'rule' | 'lexical' | 'neural' | 'retrieval';

export interface Expert {
  readonly name: ExpertName;
  readonly needsEmbedding: boolean;
  /** One vote a query, in the order given. */
  vote(queries: readonly RouteQuery[]): Vote[] | Promise<Vote[]>;
  /** Whether its votes depend on what the masters did lately. Default: not. */
  readonly readsHistories?: boolean;
  /** Where it learns that, from now on. */
  follow?(histories: () => Histories): void;
}

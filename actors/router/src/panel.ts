// What serves at a moment: a set of experts with a way to weigh them, immutable and swapped whole.
// The one thing to know: it speaks in two stages. `quick` needs no encoder and is always there; `full` needs vectors.
import type { RouteQuery, Vote } from '@cortex/models';

export interface NamedVote {
  /** rule, lexical, neural, retrieval or a further expert. */
  readonly name: string;
  readonly vote: Vote;
  /** Its weight in the ensemble for this task. */
  readonly weight?: number;
}

/** What the experts together think of one task. */
export interface Opinion {
  /** Master → probability that it is the right one, given that one fits. Empty: nobody had anything to say. */
  readonly probabilities: Readonly<Record<string, number>>;
  /** Probability that some master fits at all. */
  readonly scope: number;
  /** Holds the right master at the configured rate. */
  readonly candidates: readonly string[];
  readonly votes: readonly NamedVote[];
  /** Whether a person should be asked. */
  readonly abstain: boolean;
  /** True when more experts would not change the decision enough to be worth their time. */
  readonly sure: boolean;
}

export interface Panel {
  /** `registry@<revision>` for one built from the registry, `router@7` for a trained one. */
  readonly version: string;
  /** Changes whenever an answer might: part of the key of remembered decisions. */
  readonly identity: string;
  /** Masters it was made for; others can only be found by rules and descriptions. */
  readonly masters: ReadonlySet<string>;
  /** Whether `full` says more than `quick`. */
  readonly needsEncoder: boolean;
  /** Why it does without the encoder, where it does. */
  readonly reason?: string;
  /** Rules and words; microseconds. One opinion a query. */
  quick(queries: readonly RouteQuery[]): Promise<Opinion[]>;
  /** All experts; every query carries its `embedding`. */
  full(queries: readonly RouteQuery[]): Promise<Opinion[]>;
}

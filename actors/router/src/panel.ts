// What serves at a moment: rules, and a router model where there is one; immutable and swapped whole.
// The one thing to know: it speaks in two stages. `quick` needs no encoder and is always there; `full` needs vectors.
import type { ExpertShare, RouteQuery } from '@cortex/models';

/** One expert's vote as it goes into the answer. */
export type Voiced = ExpertShare & { readonly evidence?: readonly string[] };

/** What the experts together think of one task. */
export interface Opinion {
  /** Master → probability that it is the right one, given that one fits. Empty: nobody had anything to say. */
  readonly probabilities: Readonly<Record<string, number>>;
  /** Probability that some master fits at all. */
  readonly scope: number;
  /** Holds the right master at the configured rate. */
  readonly candidates: readonly string[];
  readonly experts: readonly Voiced[];
  /** Whether a person should be asked. */
  readonly abstain: boolean;
  /** Sentences a person understands. */
  readonly explanation: readonly string[];
  /** The stage at which more experts would not change the decision enough to be worth their time; undefined: hear them. */
  readonly sure?: 'rule' | 'words';
}

export interface Panel {
  /** `registry@<revision>` for one built from the registry, `router@7` for a trained one. */
  readonly version: string;
  /** Changes whenever an answer might: part of the key of remembered decisions. */
  readonly identity: string;
  /** True for rules alone: any model is better. */
  readonly provisional?: boolean;
  /** Whether `full` says more than `quick`. */
  readonly needsEncoder: boolean;
  /** What the masters did lately is part of its full opinions: the same question may be answered otherwise a minute later. */
  readonly moving?: boolean;
  /** Why it does without the encoder, where it does. */
  readonly reason?: string;
  /** Rules and words; microseconds. One opinion a query. */
  quick(queries: readonly RouteQuery[], masters: readonly string[]): Promise<Opinion[]>;
  /** All experts; every query carries its `embedding`. */
  full(queries: readonly RouteQuery[], masters: readonly string[]): Promise<Opinion[]>;
}

// What an older file turns into: one shape per kind of thing, whatever form it was written in.

/** Whether a row came from real work. `test` and `generated` rows are kept but never train a model. */
export type Provenance = 'real' | 'test' | 'generated';

interface Base {
  /** The same record twice has the same key: it is kept once. */
  readonly key: string;
}

export interface ImportedTask extends Base {
  readonly kind: 'task';
  readonly task: string;
  readonly text?: string;
  readonly title?: string;
  readonly type?: string;
  readonly priority?: string;
  readonly status?: string;
  readonly master?: string;
  readonly source?: string;
  readonly repository?: string;
  readonly at?: string;
}

export interface ImportedVote {
  readonly name: string;
  readonly master?: string;
  readonly confidence?: number;
  readonly threshold?: number;
  readonly attempted?: boolean;
  readonly success?: boolean;
  readonly latency_ms?: number;
}

export interface ImportedDecision extends Base {
  readonly kind: 'decision';
  readonly task: string;
  readonly event?: string;
  readonly text?: string;
  readonly master: string;
  /** 0 to 1. */
  readonly confidence?: number;
  readonly probabilities?: Record<string, number>;
  /** In the words of the contract. */
  readonly method: string;
  readonly priority?: string;
  readonly source?: string;
  readonly votes?: readonly ImportedVote[];
  readonly latency_ms?: number;
  readonly explanation?: string;
  readonly at?: string;
}

export interface ImportedOutcome extends Base {
  readonly kind: 'outcome';
  readonly task: string;
  readonly master?: string;
  readonly worker?: string;
  readonly text?: string;
  readonly status: string;
  readonly success?: boolean;
  readonly correct_master?: string;
  readonly minutes?: number;
  readonly tokens?: number;
  /** 0 to 1. */
  readonly quality?: number;
  readonly error?: string;
  /** Why it should not be believed as it stands. */
  readonly doubt?: string;
  readonly at?: string;
}

/** A text whose right master somebody wrote down. */
export interface ImportedLabel extends Base {
  readonly kind: 'label';
  readonly text: string;
  readonly master: string;
  readonly difficulty?: string;
  readonly by: string;
}

export interface ImportedMetrics extends Base {
  readonly kind: 'metrics';
  readonly of: 'worker' | 'system';
  readonly source: string;
  readonly master?: string;
  readonly task?: string;
  readonly status?: string;
  readonly gauges: Record<string, number>;
  readonly at?: string;
}

export interface ImportedEvent extends Base {
  readonly kind: 'event';
  readonly type: string;
  readonly source?: string;
  readonly trace?: string;
  readonly task?: string;
  readonly at?: string;
  readonly body: Record<string, unknown>;
}

/** Version histories, prompts, policies: kept whole for whoever moves them by hand. */
export interface ImportedRegistry extends Base {
  readonly kind: 'registry';
  readonly of: 'versions' | 'prompt' | 'policy';
  readonly name: string;
  readonly body: Record<string, unknown>;
}

export type ImportedRecord =
  | ImportedTask
  | ImportedDecision
  | ImportedOutcome
  | ImportedLabel
  | ImportedMetrics
  | ImportedEvent
  | ImportedRegistry;

export type ImportedKind = ImportedRecord['kind'];

/** A record with where it came from. */
export interface Sourced {
  readonly record: ImportedRecord;
  readonly form: string;
  readonly file: string;
  readonly line: number;
  readonly provenance: Provenance;
}

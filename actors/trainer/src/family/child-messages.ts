// What passes between the trainer and the child process that trains: small messages; rows and models go by files.
import type { TrainingFacts } from './facts.js';
import type { TrainedFamily } from './families.js';

export interface ChildTask {
  readonly kind: 'train';
  readonly family: TrainedFamily;
  /** JSON lines. */
  readonly rows: string;
  /** JSON. */
  readonly masters: string;
  readonly folder: string;
  /** Folder of the encoder; empty: words alone. */
  readonly encoder: string;
  readonly vectors?: string;
  readonly seed: number;
  readonly neural: boolean;
  readonly training: Readonly<Record<string, number>>;
}

export interface ChildTrial {
  readonly kind: 'trial';
  readonly rows: string;
  readonly masters: string;
  readonly encoder: string;
  readonly vectors?: string;
  readonly seed: number;
  readonly training: Readonly<Record<string, number>>;
}

export type ToChild = ChildTask | ChildTrial;

export type FromChild =
  | { readonly kind: 'progress'; readonly stage: string; readonly share: number }
  | { readonly kind: 'point'; readonly tag: string; readonly value: number; readonly step: number }
  | { readonly kind: 'trained'; readonly facts: TrainingFacts }
  | { readonly kind: 'tried' }
  | { readonly kind: 'failed'; readonly name: string; readonly message: string };

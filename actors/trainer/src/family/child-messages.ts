// What passes between the trainer and the child process that trains: small messages; rows and models go by files.
import type { Sift, Sifted } from '../rows/sift.js';
import type { TrainingFacts } from './facts.js';
import type { TrainedFamily } from './families.js';

export interface ChildTask {
  readonly kind: 'train';
  readonly family: TrainedFamily;
  /** JSON lines. */
  readonly rows: string;
  /** JSON lines: decisions the candidate is audited with. */
  readonly logged: string;
  readonly drifted: boolean;
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

export interface ChildSift extends Sift {
  readonly kind: 'sift';
}

export type ToChild = ChildTask | ChildTrial | ChildSift;

export type FromChild =
  | { readonly kind: 'progress'; readonly stage: string; readonly share: number }
  | { readonly kind: 'point'; readonly tag: string; readonly value: number; readonly step: number }
  | ({ readonly kind: 'sifted' } & Sifted)
  | { readonly kind: 'trained'; readonly facts: TrainingFacts }
  | { readonly kind: 'tried' }
  | { readonly kind: 'failed'; readonly name: string; readonly message: string };

/** What a child ends with when all went well. */
export type Finished = Extract<FromChild, { kind: 'sifted' | 'trained' | 'tried' }>;

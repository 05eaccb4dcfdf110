// The words of a trial: its state (one JSON document per family), what can happen, and what is to be done.
import type { Detector } from '@cortex/models';
import { NOTHING_SEEN, type TrialEvidence } from './evidence.js';
import type { GateVersion, Learnt } from './gate.js';
import type { Judged, Observed } from './judged.js';
import type { Habits, Lineage } from './lineage.js';

/**
 * `idle`: nothing is tried. `shadow`: the candidate answers, and decides nothing. `asked`: a person must approve. `canary`: it decides a share.
 * `probation`: it is the champion, the one before watches.
 */
export type Phase = 'idle' | 'shadow' | 'asked' | 'canary' | 'probation';

export interface AliasPicture {
  readonly champion?: string | undefined;
  readonly challenger?: string | undefined;
  readonly shadow?: string | undefined;
  readonly share: number;
}

/** Aliases that are to be set; carried out after the state is stored, and again until they are. */
export interface Wanted extends AliasPicture {
  readonly reason: string;
  readonly event: 'shadow' | 'canary' | 'promoted' | 'rolled-back' | 'canary-ended' | 'shadow-ended';
  readonly evidence?: unknown;
  /** Where the trial falls back to when a frozen family refuses. */
  readonly instead: Phase;
}

/** Something to publish once; the id makes a repetition harmless. */
export type Notice =
  | {
      readonly id: string;
      readonly kind: 'alert';
      readonly severity: 'info' | 'warning' | 'critical';
      readonly alert: string;
      readonly summary: string;
      readonly evidence?: unknown;
      readonly action?: string;
    }
  | {
      readonly id: string;
      readonly kind: 'event';
      readonly event: string;
      readonly version?: string;
      readonly reason: string;
      readonly evidence?: unknown;
    }
  | {
      readonly id: string;
      readonly kind: 'review';
      readonly version: string;
      readonly question: string;
      readonly evidence?: unknown;
    };

/** The champion's usual rate of failure and the watch over it, overall and by master. */
export interface Watch {
  readonly champion?: string;
  readonly overall: MasterWatch;
  readonly masters: Readonly<Record<string, MasterWatch>>;
}
export interface MasterWatch {
  readonly units: number;
  readonly failures: number;
  readonly baseline?: number;
  /** The baseline is that of the champion before, until this one has its own: it must not begin to serve unwatched. */
  readonly borrowed?: boolean;
  readonly detector?: Detector;
}

export interface TrialState {
  readonly family: string;
  readonly phase: Phase;
  readonly champion?: string;
  readonly candidate?: string;
  /** Index into the shares, in `canary`. */
  readonly stage: number;
  /** When the phase or share began, milliseconds since the epoch. */
  readonly since: number;
  readonly evidence: TrialEvidence;
  /** The newest candidate that waits for its turn. */
  readonly waiting?: GateVersion & { readonly createdAt: number };
  /** Highest version number looked at: each is tried once. */
  readonly judgedUpTo: number;
  /** What a person was asked for. */
  readonly asking?: 'canary' | 'promotion';
  readonly review?: string;
  readonly frozen: boolean;
  readonly aliases: AliasPicture;
  readonly aliasRevision: number;
  readonly wanted?: Wanted;
  readonly outbox: readonly Notice[];
  readonly watch: Watch;
  /** Id of the last notice that the champion is old: one a day is enough. */
  readonly staleTold?: string;
  /** Counts notices, so that their ids differ. */
  readonly told: number;
  readonly metrics: Readonly<Record<string, Readonly<Record<string, number | null>>>>;
  /** What the latest versions were made of, where it is known. */
  readonly learnt: Readonly<Record<string, Learnt>>;
  /** Of the trials before, to begin the next with. */
  readonly habits?: Habits;
  /** The line that the next candidate may go on with. */
  readonly lineage?: Lineage;
  /** How the last trials ended, newest last. */
  readonly past: readonly {
    readonly candidate: string;
    readonly ended: string;
    readonly reason: string;
    readonly at: number;
  }[];
}

const NO_WATCH: MasterWatch = { units: 0, failures: 0 };
export const NEW_WATCH: Watch = { overall: NO_WATCH, masters: {} };

export function newState(family: string): TrialState {
  return {
    family,
    phase: 'idle',
    stage: 0,
    since: 0,
    evidence: NOTHING_SEEN,
    judgedUpTo: 0,
    frozen: false,
    aliases: { share: 0 },
    aliasRevision: 0,
    outbox: [],
    watch: NEW_WATCH,
    told: 0,
    metrics: {},
    learnt: {},
    past: [],
  };
}

export type TrialEvent =
  | {
      readonly kind: 'candidate';
      readonly version: GateVersion;
      readonly number: number;
      readonly createdAt: number;
      readonly at: number;
    }
  | {
      readonly kind: 'aliases';
      readonly aliases: AliasPicture;
      readonly frozen: boolean;
      readonly revision: number;
      readonly by: string;
      readonly at: number;
    }
  | { readonly kind: 'decided'; readonly observed: Observed; readonly at: number }
  | { readonly kind: 'judged'; readonly judged: Judged; readonly at: number }
  | {
      readonly kind: 'answer';
      readonly review: string;
      readonly approve: boolean;
      readonly by: string;
      readonly at: number;
    }
  | { readonly kind: 'refused'; readonly wanted: Wanted; readonly reason: string; readonly at: number }
  | { readonly kind: 'delivered'; readonly notices: readonly string[]; readonly at: number }
  | { readonly kind: 'stale'; readonly version: string; readonly days: number; readonly at: number }
  | { readonly kind: 'tick'; readonly at: number };

// What the watchdog may do about a fault. Every kind is idempotent under its id, and says whether it can be taken back.
import type { Finding } from '../finding.js';

export const ACTION_KINDS = {
  'take-lease': { undo: false, does: 'decides the task anew: a new record fences off whoever holds it' },
  'reroute-task': { undo: false, does: 'decides the task anew without the master that does not get on' },
  'stop-task': { undo: true, does: 'cancels the task; taken back, it is decided anew' },
  'restart-worker': { undo: false, does: 'stops what the worker does and makes it anew' },
  'rest-worker': { undo: true, does: 'the worker takes nothing new' },
  'restart-actor': { undo: false, does: 'stops the parts of an actor and makes them anew' },
  'pause-master': { undo: true, does: 'the master is not chosen; what it has, it keeps' },
  'resume-master': { undo: true, does: 'the master may be chosen again' },
  'set-concurrency': { undo: true, does: 'the worker does more or fewer tasks at once' },
  'tune-concurrency': {
    undo: true,
    does: 'the workers of a master try, keep or give up another number of tasks at once; taken back, it stays at what it was',
  },
  'lower-challenger': { undo: true, does: 'the model on trial decides half as many tasks' },
  'ask-person': { undo: false, does: 'puts a question to a person' },
} as const;
export type ActionKind = keyof typeof ACTION_KINDS;

/** An intervention that is wanted: what, to whom, why. */
export interface Wanted {
  readonly id: string;
  readonly kind: ActionKind;
  /** `worker:<name>`, `task:<id>`, `master:<name>`, `actor:<name>/<instance>`, `models:<family>`. */
  readonly target: string;
  readonly reason: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** The finding it answers: its evidence goes along. */
  readonly finding?: Finding;
  readonly alert?: string;
}

/** The journal's record of an intervention, `act.*` in the bucket `watch`. */
export interface ActRecord extends Omit<Wanted, 'finding'> {
  readonly state: 'intent' | 'done' | 'failed' | 'undone';
  readonly at: string;
  readonly by: string;
  readonly evidence: Readonly<Record<string, unknown>>;
  readonly before?: unknown;
  readonly after?: unknown;
  readonly error?: string;
  readonly traceId?: string;
}

// Taking an intervention back: only what has a way back is offered one. What was undone is itself in the audit trail.
import { CannotUndo, undoAct } from '@cortex/actor-watchdog';
import type { Action } from '@cortex/schemas';
import { z } from 'zod';
import type { World } from '../world.js';
import { type Deeds, deed } from './deed.js';
import { restoreMaster } from './masters.js';
import { Refusal } from './refusal.js';

interface Way {
  /** What undoing it means, for the button. */
  readonly words: (action: Action) => string;
  readonly back: (world: World, action: Action) => Promise<void>;
}

const status = (next: 'active' | 'paused'): Way => ({
  words: (action) => (next === 'active' ? `Resume ${action.target}` : `Pause ${action.target}`),
  async back(world, action) {
    await world.registry()?.change(action.target ?? '', { status: next });
  },
});

const WAYS: Readonly<Record<string, Way>> = {
  'pause-master': status('active'),
  'resume-master': status('paused'),
  'put-master': {
    words: (action) => (action.before ? `Put ${action.target} back as it was` : `Remove ${action.target} again`),
    back: (world, action) => restoreMaster(world, action.target ?? '', action.before),
  },
  'remove-master': {
    words: (action) => `Bring ${action.target} back`,
    back: (world, action) => restoreMaster(world, action.target ?? '', action.before),
  },
};

/** What undoing this action would do; null when there is no way back, or it was taken already. */
export function undoWords(action: Action, undone: ReadonlySet<string>): string | null {
  // The watchdog keeps a journal of its own, and says what can be taken back.
  if (action.state !== undefined)
    return action.state === 'done' && action.undo === true
      ? `Take back ${action.kind} ${action.target ?? ''}`.trim()
      : null;
  if (action.via !== 'dashboard') return null;
  if (action.target === undefined || undone.has(action.id)) return null;
  return WAYS[action.kind]?.words(action) ?? null;
}

/** Ids of actions that were undone. */
export function undoneOf(actions: readonly Action[]): Set<string> {
  return new Set(actions.flatMap((action) => (typeof action.undoes === 'string' ? [action.undoes] : [])));
}

/** An intervention is told again under its id when its state changes: the newest word about each, newest first. */
export function lastWords(actions: readonly Action[]): Action[] {
  const byId = new Map<string, Action>();
  for (const action of actions) if (!byId.has(action.id)) byId.set(action.id, action);
  return [...byId.values()];
}

export const UNDO_DEEDS: Deeds = {
  undo: deed(z.object({ action: z.string().min(1) }), async (world, { action: id }, by) => {
    const actions = lastWords(world.actions());
    const action = actions.find((one) => one.id === id);
    if (!action) throw new Refusal(404, 'this intervention is not kept any more');
    const words = undoWords(action, undoneOf(actions));
    if (words !== null && action.state !== undefined) {
      await undoAct(world.bus, id, by).catch((error: unknown) => {
        throw error instanceof CannotUndo ? new Refusal(409, error.message) : error;
      });
      return { said: `Done: ${words}.`, target: id, audited: true };
    }
    const way = WAYS[action.kind];
    if (words === null || !way) throw new Refusal(409, 'this intervention has no way back, or was undone already');
    await way.back(world, action);
    return {
      said: `Undone: ${words}.`,
      target: action.target ?? id,
      undoes: id,
      reason: words,
      before: action.after,
      after: action.before,
    };
  }),
};

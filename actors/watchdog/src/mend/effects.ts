// What each intervention does on the bus, and how it is taken back. Each may be done twice with the effect of once: a watchdog that died in
// between is followed by another that does it again.
import {
  type Bus,
  control,
  type MasterRegistry,
  openModelRegistry,
  openSettings,
  publish,
  type TaskLog,
  UnknownMaster,
} from '@cortex/bus';
import { EVENT_TYPES, type ReviewAnswer, type ReviewRequest } from '@cortex/schemas';
import type { ActionKind, ActRecord } from './types.js';

export interface Hands {
  readonly bus: Bus;
  readonly tasks: TaskLog;
  readonly masters: MasterRegistry;
}

/** How it ended. A throw is tried again with the next watchdog, or the next look. */
export type Effect =
  | { readonly ok: true; readonly before?: unknown; readonly after?: unknown }
  | { readonly ok: false; readonly why: string };

type Act = Pick<ActRecord, 'id' | 'kind' | 'target' | 'args' | 'reason' | 'evidence' | 'alert' | 'before'>;

export async function carryOut(hands: Hands, act: Act): Promise<Effect> {
  return EFFECTS[act.kind](hands, act);
}

const NOTHING: Effect = { ok: true };
const BY = 'watchdog';
const RETRY_MS = 5_000;

const EFFECTS: Record<ActionKind, (hands: Hands, act: Act) => Promise<Effect>> = {
  'take-lease': decideAnew,
  'reroute-task': decideAnew,
  async 'stop-task'({ bus, tasks }, { id, args, reason }) {
    const task = String(args.task);
    const last = await tasks.last(task);
    if (!last || last.record.settled_as !== undefined) return { ok: true, after: last?.record.settled_as };
    await publish(
      bus,
      bus.subjects.cancel,
      { task, reason: reason.slice(0, 1_000), by: BY },
      { type: EVENT_TYPES.taskCancel, id, retryMs: RETRY_MS },
    );
    return { ok: true, after: 'cancelled' };
  },
  'restart-worker': restart,
  'restart-actor': restart,
  'rest-worker': (hands, act) => told(hands, act, 'rest'),
  'set-concurrency': (hands, act) => told(hands, act, 'concurrency', { value: act.args.value }),
  // What is tried is told to the workers round by round; this is the record of it, and what an undo goes by.
  'tune-concurrency': async (_hands, { args }) => ({ ok: true, before: args.from, after: args.to }),
  'pause-master': (hands, act) => setStatus(hands, act, 'paused'),
  'resume-master': (hands, act) => setStatus(hands, act, 'active'),
  async 'lower-challenger'({ bus }, { args, reason, before: earlier }) {
    const registry = await openModelRegistry(bus);
    const family = String(args.family);
    const { challenger, share, revision } = await registry.aliases(family);
    if (challenger === undefined || share === 0) return { ok: false, why: `no model of ${family} is on trial` };
    // Halved once, however often this is carried out.
    const from = typeof earlier === 'number' ? earlier : share;
    const after = from <= 0.01 ? 0 : from / 2;
    if (share > after)
      await registry.setAliases(family, { share: after }, { by: BY, reason, expectedRevision: revision });
    return { ok: true, before: from, after };
  },
  async 'ask-person'({ bus }, { id, args, target, reason, evidence, alert }) {
    const request: ReviewRequest = {
      id: `watch-${id}`,
      kind: typeof args.kind === 'string' ? args.kind : 'intervention',
      question: `What shall be done about ${target}? ${reason}`.slice(0, 1_000),
      asked_by: BY,
      asked_at: new Date().toISOString(),
      context: { evidence, ...(alert === undefined ? {} : { alert }) },
      default: 'nothing is done',
      // "retry" decides the task anew; any other word is only noted.
      options: args.task === undefined ? ['noted'] : ['retry', 'noted'],
      ...(typeof args.task === 'string' ? { task: args.task } : {}),
    };
    await publish(bus, bus.subjects.reviewsRequested, request, {
      type: EVENT_TYPES.reviewRequested,
      id: `review-${request.id}`,
      retryMs: RETRY_MS,
    });
    return { ok: true, after: request.id };
  },
};

/** A new decision is a new record: what was pulled under the old one is given up, and claims for it are refused. */
async function decideAnew({ bus, tasks }: Hands, { id, kind, args }: Act): Promise<Effect> {
  const task = String(args.task);
  const last = await tasks.last(task);
  if (!last || last.record.settled_as !== undefined) return { ok: true, after: last?.record.settled_as ?? 'unknown' };
  const { decided_revision: revision, decision } = last.record;
  if (args.revision !== undefined && revision !== args.revision) return { ok: true, after: 'decided anew already' };
  const answer: ReviewAnswer = {
    task,
    answer: 'retry',
    by: BY,
    at: new Date().toISOString(),
    comment: kind,
    // Only while this decision is in force, and not to this master if another fits.
    ...(revision === undefined ? {} : { if_revision: revision }),
    ...(kind === 'reroute-task' && typeof args.avoid === 'string' ? { avoid: args.avoid } : {}),
  };
  await publish(bus, bus.subjects.reviewsAnswered, answer, {
    type: EVENT_TYPES.reviewAnswered,
    id: `${id}-${revision ?? 0}`,
    retryMs: RETRY_MS,
  });
  return { ok: true, before: { master: decision?.master, revision } };
}

async function restart({ bus }: Hands, { id, args }: Act): Promise<Effect> {
  const { instance } = args;
  if (typeof instance !== 'string') return { ok: false, why: 'it does not say which connection it has' };
  const answer = await control(bus, instance, { do: 'restart', id, grace_ms: args.grace_ms, hard: args.hard === true });
  if (answer.ok) return NOTHING;
  // Dead or hanging: whoever started the process replaces it.
  return { ok: false, why: `${answer.error}: left to whoever started it` };
}

async function told({ bus }: Hands, { id, args }: Act, what: string, more: object = {}): Promise<Effect> {
  const { instance } = args;
  if (typeof instance !== 'string') return { ok: false, why: 'it does not say which connection it has' };
  const answer = await control(bus, instance, { ...more, do: what, id });
  return answer.ok ? { ok: true, before: answer.before, after: answer.after } : { ok: false, why: answer.error };
}

async function setStatus({ masters }: Hands, { args, before }: Act, status: 'paused' | 'active'): Promise<Effect> {
  const name = String(args.master);
  const known = masters.find(name);
  if (!known) return { ok: false, why: `master ${name} is not registered any more` };
  try {
    await masters.change(name, { status });
  } catch (error) {
    if (error instanceof UnknownMaster) return { ok: false, why: error.message };
    throw error;
  }
  return { ok: true, before: before ?? known.status, after: status };
}

/** Takes an intervention back. Throws a RangeError for one that cannot be. */
export async function takeBack(hands: Hands, act: ActRecord, by: string): Promise<Effect> {
  const { bus, masters } = hands;
  const id = `undo-${act.id}`;
  switch (act.kind) {
    case 'pause-master':
    case 'resume-master': {
      const before = act.before === 'active' || act.before === 'paused' ? act.before : 'active';
      await masters.change(String(act.args.master), { status: before });
      return { ok: true, after: before };
    }
    case 'rest-worker':
      return told(hands, { ...act, id }, 'go-on');
    case 'set-concurrency':
      if (typeof act.before !== 'number') return { ok: false, why: 'what it was before is not known' };
      return told(hands, { ...act, id }, 'concurrency', { value: act.before });
    case 'tune-concurrency': {
      if (typeof act.before !== 'number') return { ok: false, why: 'what it was before is not known' };
      const settings = await openSettings(bus);
      try {
        const tune = settings.get('watchdog.tune') as { fixed?: Record<string, number> } | undefined;
        if (!tune) return { ok: true, after: 'nothing is tuned any more' };
        const fixed = { ...tune.fixed, [String(act.args.master)]: act.before };
        await settings.set('watchdog.tune', { ...tune, fixed });
      } finally {
        settings.close();
      }
      return { ok: true, after: act.before };
    }
    case 'lower-challenger': {
      if (typeof act.before !== 'number') return { ok: false, why: 'what it was before is not known' };
      const registry = await openModelRegistry(bus);
      const family = String(act.args.family);
      await registry.setAliases(family, { share: act.before }, { by, reason: `takes ${act.id} back` });
      return { ok: true, after: act.before };
    }
    case 'stop-task':
      await publish(
        bus,
        bus.subjects.reviewsAnswered,
        { task: String(act.args.task), answer: 'retry', by, at: new Date().toISOString() },
        { type: EVENT_TYPES.reviewAnswered, id, retryMs: RETRY_MS },
      );
      return { ok: true, after: 'decided anew' };
    default:
      throw new RangeError(`${act.kind} cannot be taken back`);
  }
}

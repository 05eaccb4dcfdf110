// Carries interventions out and keeps their journal: intent, effect, done. Whoever leads next finishes what was only intended.
import { type Bus, type Logger, openMasters, openModelRegistry, publishAction, taskLog } from '@cortex/bus';
import type { Action } from '@cortex/schemas';
import { type Journal, type Kept, keyOf, openJournal } from '../journal.js';
import { carryOut, type Effect, type Hands, takeBack } from './effects.js';
import { ACTION_KINDS, type ActRecord, type Wanted } from './types.js';

/** Interventions are kept so long, for undo; the audit trail keeps them for ever. */
const KEEP_MS = 7 * 86_400_000;

export interface Mender {
  /** Resolves when it was tried; never rejects. Undefined: it was carried out before, or by another. */
  mend(wanted: Wanted): Promise<ActRecord | undefined>;
  /** Says on the bus what would be done. */
  pretend(wanted: Wanted): Promise<void>;
  /** Workers that were set aside, and not taken back: whoever leads next ends their rest. */
  resting(): Promise<ActRecord[]>;
  /** Finishes what an earlier leader intended, and forgets what is old. */
  finishOthers(): Promise<ActRecord[]>;
}

export function createMender(hands: Hands, journal: Journal, log: Logger): Mender {
  const { bus } = hands;
  const finish = async (kept: Kept<ActRecord>): Promise<ActRecord | undefined> => {
    let effect: Effect;
    try {
      effect = await carryOut(hands, kept.value);
    } catch (error) {
      // The intent stays: it is tried again when somebody next takes the lead.
      log.warn('an intervention could not be carried out yet', { action: kept.value.id, error: String(error) });
      return undefined;
    }
    const record: ActRecord = effect.ok
      ? { ...kept.value, state: 'done', before: effect.before ?? kept.value.before, after: effect.after }
      : { ...kept.value, state: 'failed', error: effect.why };
    // Told before it is marked: whoever dies in between is followed by one that tells it again, under the same id, rather than by nobody.
    await tell(bus, record, record.state === 'done' ? 'done' : 'failed');
    await journal.update(kept.key, record, kept.revision);
    log.info(`${record.kind} ${record.target}: ${record.state}`, {
      action: record.id,
      ...(record.error ? { error: record.error } : {}),
    });
    return record;
  };
  return {
    async mend(wanted) {
      let before: { before?: unknown };
      try {
        before = await knownBefore(hands, wanted);
      } catch (error) {
        log.warn('an intervention was not made: what is now cannot be told', {
          action: wanted.id,
          error: String(error),
        });
        return undefined;
      }
      const record: ActRecord = {
        id: wanted.id,
        kind: wanted.kind,
        target: wanted.target,
        reason: wanted.reason,
        args: wanted.args,
        ...(wanted.alert === undefined ? {} : { alert: wanted.alert }),
        ...(wanted.finding?.traceId === undefined ? {} : { traceId: wanted.finding.traceId }),
        state: 'intent',
        at: new Date().toISOString(),
        by: bus.instance,
        evidence: { ...wanted.finding?.evidence, ...(wanted.finding ? { cause: wanted.finding.cause } : {}) },
        ...before,
      };
      const key = keyOf('act', wanted.id);
      try {
        if (!(await journal.create(key, record))) return undefined;
        const kept = await journal.get<ActRecord>(key);
        return kept ? await finish(kept) : undefined;
      } catch (error) {
        log.warn('an intervention could not be written down, and was not made', {
          action: wanted.id,
          error: String(error),
        });
        return undefined;
      }
    },
    async pretend(wanted) {
      const { finding } = wanted;
      const record: ActRecord = {
        ...wanted,
        state: 'done',
        at: new Date().toISOString(),
        by: bus.instance,
        evidence: { ...finding?.evidence },
      };
      await tell(bus, record, 'dry-run').catch(() => undefined);
    },
    async resting() {
      const acts = (await journal.list<ActRecord>('act')).map(({ value }) => value);
      return acts.filter(({ kind, state }) => kind === 'rest-worker' && state === 'done');
    },
    async finishOthers() {
      const done: ActRecord[] = [];
      for (const kept of await journal.list<ActRecord>('act')) {
        if (kept.value.state === 'intent') {
          const record = await finish(kept);
          if (record) done.push(record);
        } else if (Date.now() - Date.parse(kept.value.at) > KEEP_MS) await journal.remove(kept.key);
      }
      return done;
    },
  };
}

/** What must be known before the effect, since afterwards it cannot be told any more. */
async function knownBefore({ bus, masters }: Hands, { kind, args }: Wanted): Promise<{ before?: unknown }> {
  if (kind === 'pause-master' || kind === 'resume-master') return { before: masters.find(String(args.master))?.status };
  if (kind !== 'lower-challenger') return {};
  const registry = await openModelRegistry(bus);
  return { before: (await registry.aliases(String(args.family))).share };
}

async function tell(bus: Bus, record: ActRecord, state: NonNullable<Action['state']>): Promise<void> {
  const message: Action = {
    id: record.id,
    kind: record.kind,
    by: 'watchdog',
    at: new Date().toISOString(),
    target: record.target,
    reason: record.reason,
    ...(record.before === undefined ? {} : { before: record.before }),
    ...(record.after === undefined ? {} : { after: record.after }),
    state,
    ...(record.alert === undefined ? {} : { alert: record.alert }),
    ...(record.error === undefined ? {} : { error: record.error }),
    ...(record.traceId === undefined ? {} : { trace_id: record.traceId }),
    evidence: { ...record.evidence },
    undo: state === 'done' && ACTION_KINDS[record.kind].undo,
  };
  await publishAction(bus, message, `${record.id}-${state}`);
}

/** Thrown when an intervention cannot be taken back. */
export class CannotUndo extends Error {
  override readonly name = 'CannotUndo';
}

/** Interventions in the journal, oldest first. */
export async function listActs(bus: Bus): Promise<ActRecord[]> {
  const journal = await openJournal(bus);
  const found = (await journal.list<ActRecord>('act')).map(({ value }) => value);
  return found.sort((a, b) => (a.at < b.at ? -1 : 1));
}

/** Takes an intervention back, whoever asks and whether or not a watchdog runs. Throws {@link CannotUndo}. */
export async function undoAct(bus: Bus, id: string, by: string): Promise<ActRecord> {
  const journal = await openJournal(bus);
  const kept = await journal.get<ActRecord>(keyOf('act', id));
  if (!kept) throw new CannotUndo(`there is no intervention "${id}"; "cortex actions list" shows them`);
  const act = kept.value;
  if (act.state === 'undone') throw new CannotUndo(`${id} was taken back already`);
  if (act.state !== 'done') throw new CannotUndo(`${id} is ${act.state}: there is nothing to take back`);
  if (!ACTION_KINDS[act.kind].undo)
    throw new CannotUndo(`${act.kind} cannot be taken back: ${ACTION_KINDS[act.kind].does}`);
  const masters = await openMasters(bus);
  try {
    const effect = await takeBack({ bus, tasks: taskLog(bus), masters }, act, by);
    if (!effect.ok) throw new CannotUndo(effect.why);
    const record: ActRecord = { ...act, state: 'undone', after: effect.after };
    await journal.update(kept.key, record, kept.revision);
    // A breaker would try the master again and pause it: a person has spoken.
    if (act.kind === 'pause-master') await journal.remove(keyOf('breaker', String(act.args.master)));
    await tell(bus, { ...record, reason: `taken back by ${by}` }, 'undone');
    return record;
  } finally {
    await masters.close();
  }
}

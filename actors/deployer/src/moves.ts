// The moves of a trial: each takes a state and gives the next one, with what is to be done written into it. Pure.
import { NO_PAIRS } from '@cortex/models';
import { NOTHING_SEEN, type Sides, summaryOf } from './evidence.js';
import { habitsOf, lineageOf } from './lineage.js';
import { type DeployerSettings, LEGACY } from './settings.js';
import type { AliasPicture, Notice, TrialState, Wanted } from './state.js';

export function canary(
  state: TrialState,
  stage: number,
  reason: string,
  at: number,
  settings: DeployerSettings,
): TrialState {
  const share = sharesOf(settings)[stage] ?? 0;
  const next: TrialState = {
    ...without(state, 'asking', 'review'),
    phase: 'canary',
    stage,
    since: at,
    evidence: { ...state.evidence, stageUnits: 0 },
  };
  return want(
    next,
    {
      champion: state.champion,
      challenger: state.candidate,
      share,
      reason: `${reason}; decides ${Math.round(100 * share)} % of the tasks`,
      event: 'canary',
      evidence: summaryOf(state.evidence),
    },
    stage === 0 ? 'shadow' : 'canary',
  );
}

export function promote(
  state: TrialState,
  sides: Sides,
  merit: string,
  at: number,
  settings: DeployerSettings,
): TrialState {
  const evidence = summaryOf(state.evidence);
  const watched = settings.probation_units > 0;
  const next: TrialState = {
    ...without(state, 'asking', 'review'),
    phase: 'probation',
    since: at,
    stage: 0,
    // What made it champion is no evidence that it still is right.
    evidence: { ...NOTHING_SEEN, pairs: { ...NO_PAIRS, ...habitsOf(state.evidence) } },
  };
  const told = tell(next, {
    id: noticeId(next, 'promoted'),
    kind: 'alert',
    severity: 'info',
    alert: 'model-promoted',
    summary: `${sides.challenger} serves in place of ${sides.champion}`,
    evidence,
  });
  return want(
    watched ? told : ended(told, sides.challenger, 'promoted', merit, at),
    {
      champion: sides.challenger,
      ...(watched ? { shadow: sides.champion } : {}),
      share: 0,
      reason: `${merit}; no harm at any share`,
      event: 'promoted',
      evidence,
    },
    'canary',
  );
}

/** Harm: whatever the candidate may do is taken away, at once. Allowed while frozen. */
export function stop(state: TrialState, sides: Sides, harm: string, at: number): TrialState {
  const evidence = summaryOf(state.evidence);
  const served = state.phase === 'probation' || state.phase === 'canary';
  const told = tell(ended(state, sides.challenger, 'rolled-back', harm, at), {
    id: noticeId(state, 'harm'),
    kind: 'alert',
    severity: served ? 'critical' : 'warning',
    alert: served ? 'model-harm' : 'model-rejected',
    summary: `${sides.challenger} ${state.phase === 'probation' ? 'is rolled back' : `is taken out of its ${state.phase}`}: ${harm}`,
    evidence,
    action: `${sides.champion} serves`,
  });
  return want(
    told,
    {
      champion: sides.champion,
      share: 0,
      reason: `rolled back: ${harm}`,
      event: served ? 'rolled-back' : 'shadow-ended',
      evidence,
    },
    'idle',
  );
}

/** Not harmful, and not better either. */
export function retire(state: TrialState, sides: Sides, reason: string, at: number): TrialState {
  return want(
    ended(state, sides.challenger, 'retired', reason, at),
    {
      champion: sides.champion,
      share: 0,
      reason,
      event: state.phase === 'canary' ? 'canary-ended' : 'shadow-ended',
      evidence: summaryOf(state.evidence),
    },
    'idle',
  );
}

/** A newer version takes over; what the line of both has shown goes on. */
export function giveWay(state: TrialState, sides: Sides, successor: string, at: number): TrialState {
  const lineage = lineageOf(sides.champion, sides.challenger, state.learnt[sides.challenger], state.evidence);
  const retired = retire(state, sides, `gives way to ${successor}, which has learnt from more`, at);
  return lineage ? { ...retired, lineage } : retired;
}

export function ask(state: TrialState, asking: 'canary' | 'promotion', at: number): TrialState {
  const version = state.candidate ?? '';
  const review = noticeId(state, `approve-${asking}`);
  const question =
    asking === 'canary'
      ? `May ${version} decide a share of the tasks in place of ${state.champion}?`
      : `May ${version} serve${state.champion === undefined ? '' : ` in place of ${state.champion}`}?`;
  const next: TrialState = { ...state, phase: 'asked', asking, review, since: at };
  return tell(next, { id: review, kind: 'review', version, question, evidence: summaryOf(state.evidence) });
}

export function want(state: TrialState, wanted: Omit<Wanted, 'instead'>, instead: Wanted['instead']): TrialState {
  return { ...state, wanted: { ...wanted, instead } };
}

export function tell(state: TrialState, notice: Notice): TrialState {
  if (state.outbox.some(({ id }) => id === notice.id)) return state;
  return { ...state, told: state.told + 1, outbox: [...state.outbox, notice] };
}

/** The trial is over. The aliases are set by whoever calls. */
export function ended(state: TrialState, candidate: string, how: string, reason: string, at: number): TrialState {
  const free = without(state, 'candidate', 'asking', 'review', 'lineage');
  const past = [...state.past, { candidate, ended: how, reason, at }].slice(-20);
  const next: TrialState = {
    ...free,
    phase: 'idle',
    stage: 0,
    since: at,
    evidence: NOTHING_SEEN,
    habits: habitsOf(state.evidence),
    past,
  };
  return tell(next, {
    id: noticeId(next, how),
    kind: 'event',
    event: `trial-${how.replaceAll(' ', '-')}`,
    version: candidate,
    reason,
    evidence: summaryOf(state.evidence),
  });
}

export const noticeId = (state: TrialState, what: string) =>
  `deployer-${state.family}-${state.candidate ?? state.past.at(-1)?.candidate ?? 'none'}-${what.replaceAll(' ', '-')}-${state.told}`;

export function same(a: AliasPicture, b: AliasPicture): boolean {
  return a.champion === b.champion && a.challenger === b.challenger && a.shadow === b.shadow && a.share === b.share;
}

export function sharesOf(settings: DeployerSettings): readonly number[] {
  return settings.preset === 'legacy' ? [LEGACY.share] : settings.shares;
}

type Optional = 'wanted' | 'candidate' | 'asking' | 'review' | 'waiting' | 'lineage';

export function without(state: TrialState, ...fields: Optional[]): TrialState {
  const next: { -readonly [key in keyof TrialState]: TrialState[key] } = { ...state };
  for (const field of fields) delete next[field];
  return next;
}

/** What is kept of versions is kept of the latest only. */
export function keepLast<T>(byVersion: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(byVersion).slice(-20));
}

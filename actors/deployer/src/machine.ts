// The life of a trial as a pure function: state and event in, next state out. It is total: any event may come at any time, in any order, twice.
// The one thing to know: nothing is done here. What is to be done stands in the state (`wanted`, `outbox`) and is carried out after the state is
// stored; whoever finds it there later carries it out again, which changes nothing. So a kill at any point leaves a sound state.
import { evidenceOf } from '@cortex/models';
import { type Sides, seeDecision, seeJudged, verdictOf } from './evidence.js';
import { type GateVersion, offlineGate } from './gate.js';
import type { Observed } from './judged.js';
import { evidenceAtStart, isMoreOf } from './lineage.js';
import {
  ask,
  canary,
  ended,
  giveWay,
  keepLast,
  noticeId,
  promote,
  retire,
  same,
  sharesOf,
  stop,
  tell,
  want,
  without,
} from './moves.js';
import { type DeployerSettings, LEGACY } from './settings.js';
import type { TrialEvent, TrialState } from './state.js';
import { watchJudged } from './watch.js';

export function step(state: TrialState, event: TrialEvent, settings: DeployerSettings): TrialState {
  switch (event.kind) {
    case 'candidate':
      return onCandidate(state, event, settings);
    case 'aliases':
      return onAliases(state, event, settings);
    case 'decided': {
      const sides = sidesOf(state);
      if (!sides || !speaks(state, sides, event.observed, event.at, settings)) return state;
      return weigh(
        { ...state, evidence: seeDecision(state.evidence, event.observed, sides, settings) },
        event.at,
        settings,
      );
    }
    case 'judged': {
      const watched = watchJudged(state, event.judged, settings);
      const sides = sidesOf(watched);
      if (!sides) return watched;
      return weigh(
        { ...watched, evidence: seeJudged(watched.evidence, event.judged, sides, settings) },
        event.at,
        settings,
      );
    }
    case 'answer':
      return onAnswer(state, event, settings);
    case 'refused':
      return onRefused(state, event);
    case 'delivered': {
      const done = new Set(event.notices);
      return { ...state, outbox: state.outbox.filter((notice) => !done.has(notice.id)) };
    }
    case 'stale':
      return onStale(state, event);
    case 'tick':
      return weigh(state, event.at, settings);
  }
}

function onStale(state: TrialState, { version, days, at }: Extract<TrialEvent, { kind: 'stale' }>): TrialState {
  const id = `stale-${version}-${Math.floor(at / 86_400_000)}`;
  if (state.aliases.champion !== version || state.staleTold === id) return state;
  return tell(
    { ...state, staleTold: id },
    {
      id,
      kind: 'alert',
      severity: 'warning',
      alert: 'model-stale',
      summary: `${version} is ${Math.floor(days)} days old: train a newer one`,
    },
  );
}

/** Both versions of a running trial. */
function sidesOf({ phase, champion, candidate }: TrialState): Sides | undefined {
  if (phase === 'idle' || champion === undefined || candidate === undefined) return undefined;
  return { champion, challenger: candidate };
}

/** Whether a decision tells something of the candidate: it spoke, or it should have by now. */
function speaks(
  { phase, since, aliasRevision, wanted }: TrialState,
  { challenger }: Sides,
  observed: Observed,
  at: number,
  { load_ms }: DeployerSettings,
): boolean {
  if (observed.said[challenger]) return true;
  const due = (phase === 'shadow' || phase === 'canary') && !wanted && at - since > load_ms;
  return due && observed.aliasRevision === aliasRevision;
}

function onCandidate(
  state: TrialState,
  event: Extract<TrialEvent, { kind: 'candidate' }>,
  settings: DeployerSettings,
): TrialState {
  const { version, number, createdAt } = event;
  if (number <= state.judgedUpTo) return state;
  const known = {
    ...state,
    judgedUpTo: number,
    metrics: keepLast({ ...state.metrics, [version.name]: version.metrics }),
    ...(version.learnt ? { learnt: keepLast({ ...state.learnt, [version.name]: version.learnt }) } : {}),
  };
  if (version.name === state.aliases.champion) return known;
  // A newer one takes the place of an older one that waits: it has learnt from more.
  return begin({ ...known, waiting: { ...version, createdAt } }, event.at, settings);
}

/** Starts the trial of whoever waits, when nothing is under way. */
function begin(state: TrialState, at: number, settings: DeployerSettings): TrialState {
  const { waiting } = state;
  if (!waiting || state.phase !== 'idle' || state.wanted || state.frozen) return state;
  const { waiting: _, ...rest } = state;
  const { champion } = state.aliases;
  if (waiting.name === champion) return rest;
  const metrics = champion === undefined ? undefined : state.metrics[champion];
  const gate = offlineGate(
    waiting,
    champion !== undefined && metrics ? { name: champion, metrics } : undefined,
    settings.gate_tolerance,
  );
  if (!gate.passes) return ended(rest, waiting.name, 'rejected', `offline gate: ${gate.reasons.join('; ')}`, at);
  const trial: TrialState = {
    ...rest,
    candidate: waiting.name,
    ...(champion === undefined ? {} : { champion }),
    stage: 0,
    since: at,
    evidence: evidenceAtStart(state, champion, waiting.learnt),
  };
  if (champion === undefined || settings.gate_only.includes(state.family)) {
    // Nothing serves that it could be compared with, or nothing tells how it does.
    if (settings.approve === 'hand') return ask(trial, 'promotion', at);
    const wanted = {
      champion: waiting.name,
      share: 0,
      reason: champion === undefined ? 'the first version of its family' : 'passed the offline gate',
      event: 'promoted',
    } as const;
    return want(ended(trial, waiting.name, 'promoted', wanted.reason, at), wanted, 'idle');
  }
  if (settings.preset === 'legacy')
    return settings.approve === 'hand'
      ? ask(trial, 'canary', at)
      : canary(trial, 0, 'tried on 10 % of the traffic', at, settings);
  return want(
    { ...trial, phase: 'shadow' },
    {
      champion,
      shadow: waiting.name,
      share: 0,
      reason: `passed the offline gate; answers beside ${champion} and decides nothing`,
      event: 'shadow',
    },
    'idle',
  );
}

/** After each row: harm ends a trial at once, evidence carries it on. */
function weigh(state: TrialState, at: number, settings: DeployerSettings): TrialState {
  const { phase, evidence, candidate } = state;
  if (phase === 'idle') return begin(state, at, settings);
  const sides = sidesOf(state);
  if (!sides || candidate === undefined) return state;
  const { harm, merit } = verdictOf(evidence, settings);
  if (harm !== undefined) return stop(state, sides, harm, at);
  // What was decided before is not carried out yet: the next step waits for it.
  if (state.wanted || state.frozen) return state;
  switch (phase) {
    case 'shadow': {
      if (merit !== undefined)
        return settings.approve === 'hand' ? ask(state, 'canary', at) : canary(state, 0, merit, at, settings);
      if (evidence.units >= settings.shadow_units)
        return retire(state, sides, `not proven better than ${sides.champion} after ${evidence.units} tasks`, at);
      if (state.waiting && mayGiveWay(state, state.waiting, settings))
        return giveWay(state, sides, state.waiting.name, at);
      return state;
    }
    case 'canary':
      return carryOn(state, sides, merit, at, settings);
    case 'probation':
      if (evidence.units < settings.probation_units) return state;
      return want(
        ended(state, candidate, 'promoted', `held its place over ${evidence.units} tasks`, at),
        {
          champion: candidate,
          share: 0,
          reason: `${candidate} holds its place; ${sides.champion} need not watch any more`,
          event: 'shadow-ended',
        },
        'idle',
      );
    case 'asked':
      return state;
  }
}

/** Whether a newer version may take over. One that goes on with the line loses nothing by it; any other would begin from nothing. */
function mayGiveWay(
  { evidence, learnt, candidate = '' }: TrialState,
  waiting: GateVersion,
  { own_units, supersede_units, alpha_promote }: DeployerSettings,
): boolean {
  if (isMoreOf(waiting.learnt, learnt[candidate])) return evidence.units >= Math.min(own_units, supersede_units);
  const halfProven = evidenceOf(evidence.pairs.better) >= Math.log(1 / alpha_promote) / 2;
  return evidence.units >= supersede_units && !halfProven;
}

function carryOn(
  state: TrialState,
  sides: Sides,
  merit: string | undefined,
  at: number,
  settings: DeployerSettings,
): TrialState {
  const { evidence, stage, since } = state;
  const legacy = settings.preset === 'legacy';
  const needed = legacy ? LEGACY.units : (settings.units[stage] ?? settings.units.at(-1) ?? 1);
  if (evidence.stageUnits < needed || at - since < settings.stage_ms) return state;
  const shares = sharesOf(settings);
  if (stage + 1 < shares.length)
    return canary(state, stage + 1, `no harm over ${evidence.stageUnits} of its tasks`, at, settings);
  if (merit !== undefined)
    return settings.approve === 'hand' ? ask(state, 'promotion', at) : promote(state, sides, merit, at, settings);
  if (legacy && evidence.stageUnits >= LEGACY.most)
    return retire(state, sides, `not better by the older rule after ${evidence.stageUnits} tasks`, at);
  return state;
}

function onAnswer(
  state: TrialState,
  event: Extract<TrialEvent, { kind: 'answer' }>,
  settings: DeployerSettings,
): TrialState {
  if (state.phase !== 'asked' || event.review !== state.review || state.candidate === undefined) return state;
  const sides = sidesOf(state);
  if (!event.approve) {
    const reason = `${event.by} said no`;
    const rest = without(state, 'asking', 'review');
    return sides ? retire(rest, sides, reason, event.at) : ended(rest, state.candidate, 'rejected', reason, event.at);
  }
  if (!sides) {
    const wanted = {
      champion: state.candidate,
      share: 0,
      reason: `approved by ${event.by}`,
      event: 'promoted',
    } as const;
    return want(ended(state, state.candidate, 'promoted', wanted.reason, event.at), wanted, 'idle');
  }
  return state.asking === 'promotion'
    ? promote(state, sides, `approved by ${event.by}`, event.at, settings)
    : canary(state, 0, `approved by ${event.by}`, event.at, settings);
}

/** What serves, as the registry has it. Somebody else's change ends a trial that does not fit it any more: people come first. */
function onAliases(
  state: TrialState,
  event: Extract<TrialEvent, { kind: 'aliases' }>,
  settings: DeployerSettings,
): TrialState {
  if (event.revision < state.aliasRevision) return state;
  const now: TrialState = { ...state, aliases: event.aliases, aliasRevision: event.revision, frozen: event.frozen };
  if (now.wanted && same(now.wanted, event.aliases)) return weigh(without(now, 'wanted'), event.at, settings);
  const moved = !same(state.aliases, event.aliases) && event.revision > state.aliasRevision;
  if (!moved) return weigh(now, event.at, settings);
  const fits = now.wanted === undefined && fitsPhase(now);
  if (fits) return weigh(now, event.at, settings);
  const { candidate } = now;
  const free = without(now, 'wanted');
  if (candidate === undefined) return begin({ ...free, phase: 'idle' }, event.at, settings);
  return begin(
    ended(free, candidate, 'taken over', `${event.by} changed the aliases by hand`, event.at),
    event.at,
    settings,
  );
}

function fitsPhase({ phase, aliases, champion, candidate }: TrialState): boolean {
  if (phase === 'idle') return true;
  if (phase === 'probation') return aliases.champion === candidate && aliases.shadow === champion;
  if (aliases.champion !== champion) return false;
  if (phase === 'shadow') return aliases.shadow === candidate;
  return phase === 'asked' || aliases.challenger === candidate;
}

/** The registry will not have it (frozen, or the version is gone): back to where the trial was, or to nothing. */
function onRefused(state: TrialState, event: Extract<TrialEvent, { kind: 'refused' }>): TrialState {
  const { wanted } = state;
  if (!wanted || JSON.stringify(wanted) !== JSON.stringify(event.wanted)) return state;
  const free = without(state, 'wanted');
  const told = tell(free, {
    id: noticeId(free, 'refused'),
    kind: 'alert',
    severity: 'warning',
    alert: 'model-refused',
    summary: `${wanted.event} of ${wanted.challenger ?? wanted.shadow ?? wanted.champion ?? 'nothing'} was refused: ${event.reason}`,
  });
  if (wanted.instead === 'idle' && state.candidate !== undefined)
    return ended(told, state.candidate, 'refused', event.reason, event.at);
  return { ...told, phase: wanted.instead, stage: Math.max(0, state.stage - 1), frozen: true };
}

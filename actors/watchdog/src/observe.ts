// The whole core in one function: an event and the time in, the new state and what is wrong out. No clock, no bus, no randomness.
import { absorb } from './absorb.js';
import type { WatchEvent } from './events.js';
import { DEFAULT_THRESHOLDS, type Finding, type Thresholds } from './finding.js';
import { RULES } from './rules/index.js';
import type { WatchState } from './state.js';

export interface Observed {
  readonly state: WatchState;
  readonly findings: readonly Finding[];
}

/** Takes an event in. The given state is used up: go on with the one returned. */
export function observe(
  state: WatchState,
  event: WatchEvent,
  now: number,
  thresholds: Thresholds = DEFAULT_THRESHOLDS,
): Observed {
  absorb(state, event, now);
  const findings: Finding[] = [];
  for (const rule of RULES) {
    if (event.kind === 'tick') {
      if (rule.look) findings.push(...rule.look(state, now, thresholds));
    } else if (rule.on) findings.push(...rule.on(state, event, now, thresholds));
  }
  return { state, findings };
}

// A fleet in virtual time for tests of the rules: says what workers and the log would say, and collects what is found.
import type { Backlog, Beat, Claim, Presence, Step, WatchEvent } from './events.js';
import { DEFAULT_THRESHOLDS, type FaultKind, type Finding, type Thresholds } from './finding.js';
import { observe } from './observe.js';
import { newState } from './state.js';

export interface Fleet {
  now(): number;
  /** Feeds one event at the current time. */
  say(event: WatchEvent): void;
  beat(worker: string, more?: Partial<Beat>): void;
  decided(task: string, more?: Partial<Step>): void;
  settled(task: string, outcome?: Partial<Claim>, more?: Partial<Step>): void;
  backlog(more?: Partial<Backlog>): void;
  presence(instance: string, more?: Partial<Presence>): void;
  /** Lets time pass in steps of a second, a tick each; `each` runs before every tick. */
  pass(seconds: number, each?: (second: number) => void): void;
  found(kind: FaultKind): Finding[];
  /** Seconds from the last `mark()` to the first finding of the kind; undefined when there was none. */
  delay(kind: FaultKind): number | undefined;
  mark(): void;
  kinds(): FaultKind[];
}

export function fleet(thresholds: Partial<Thresholds> = {}): Fleet {
  let now = Date.parse('2026-11-22T12:00:00Z');
  let marked = now;
  let state = newState(now);
  const limits = { ...DEFAULT_THRESHOLDS, ...thresholds };
  const findings: { finding: Finding; at: number }[] = [];
  const say = (event: WatchEvent) => {
    const seen = observe(state, event, now, limits);
    state = seen.state;
    for (const finding of seen.findings) findings.push({ finding, at: now });
  };
  return {
    now: () => now,
    say,
    beat: (worker, more = {}) =>
      say({
        kind: 'beat',
        worker,
        master: 'security',
        at: now,
        status: more.tasks?.length ? 'busy' : 'idle',
        tasks: [],
        gauges: {},
        ...more,
      }),
    decided: (task, more = {}) =>
      say({ kind: 'step', task, step: 'decided', master: 'security', priority: 'medium', revision: 1, ...more }),
    settled: (task, outcome = {}, more = {}) =>
      say({
        kind: 'step',
        task,
        step: 'settled',
        master: 'security',
        priority: 'medium',
        revision: 2,
        settled: true,
        outcome: { kind: 'claim', task, status: 'completed', success: true, evidence: 0, ...outcome },
        ...more,
      }),
    backlog: (more = {}) =>
      say({
        kind: 'backlog',
        stream: 'LOG',
        consumer: `work-${more.master ?? 'security'}-medium`,
        ...(more.actor === undefined ? { master: 'security' } : {}),
        pending: 0,
        ackPending: 0,
        redelivered: 0,
        delivered: 0,
        ackFloor: 0,
        ...more,
      }),
    presence: (instance, more = {}) =>
      say({ kind: 'presence', actor: 'coordinator', instance, state: 'ready', at: now, ...more }),
    pass(seconds, each) {
      for (let s = 0; s < seconds; s++) {
        now += 1_000;
        each?.(s);
        say({ kind: 'tick' });
      }
    },
    found: (kind) => findings.filter(({ finding }) => finding.kind === kind).map(({ finding }) => finding),
    delay(kind) {
      const first = findings.find(({ finding, at }) => finding.kind === kind && at >= marked);
      return first && (first.at - marked) / 1_000;
    },
    mark() {
      marked = now;
    },
    kinds: () => [...new Set(findings.map(({ finding }) => finding.kind))],
  };
}

import { describe, expect, it } from 'vitest';
import type { Finding } from '../finding.js';
import { newState, type WatchState, type WorkerState } from '../state.js';
import { type MendContext, newMendState, planMends } from './plan.js';

const T0 = 1_000_000;

function worker(name: string, more: Partial<WorkerState> = {}): WorkerState {
  return {
    worker: name,
    master: 'security',
    status: 'idle',
    firstAt: 0,
    heardAt: T0,
    saidAt: T0,
    intervals: [5_000, 5_000],
    tasks: new Map(),
    gauges: {},
    movedAt: T0,
    idleSince: undefined,
    skews: [],
    turns: 0,
    source: `/cortex/worker-${name}`,
    ...more,
  };
}

function scene(workers: number, ...tasks: string[]): WatchState {
  const state = newState(0);
  for (let i = 0; i < workers; i++) state.workers.set(`w-${i}`, worker(`w-${i}`));
  for (const task of tasks) {
    state.tasks.set(task, {
      task,
      master: 'security',
      priority: 'medium',
      decidedAt: T0,
      again: false,
      revision: 1,
      attempts: 0,
      tokenBudget: undefined,
      minuteBudget: undefined,
      p90Minutes: undefined,
      nextBest: ['cicd'],
      traceId: undefined,
      runs: new Map(),
    });
  }
  return state;
}

const context = (state: WatchState, masters = ['security', 'cicd', 'development']): MendContext => ({
  state,
  masters: masters.map((name) => ({ name, status: 'active' })),
  limits: {
    coolDownMs: 60_000,
    mostActions: 3,
    mostShare: 0.2,
    shareMs: 300_000,
    graceMs: 5_000,
    breaker: { restMs: 30_000, probes: 3 },
  },
  alertOf: (finding) => `alert-${finding.target}`,
});

const finding = (kind: Finding['kind'], target: string, more: Partial<Finding> = {}): Finding => ({
  kind,
  target,
  severity: 'critical',
  summary: 's',
  cause: 'c',
  evidence: {},
  since: T0,
  holdMs: 1_000,
  ...more,
});
const zombie = (name: string) => finding('zombie', `worker:${name}`, { worker: name, master: 'security' });
const kinds = (planned: { wanted: readonly { kind: string }[] }) => planned.wanted.map(({ kind }) => kind);

describe('the ladder', () => {
  it('of a zombie: lease and restart, a hard restart, set aside, a person; with pauses that double', () => {
    const state = scene(10, 't-1');
    state.workers.get('w-1')?.tasks.set('t-1', T0);
    const mend = newMendState();
    const at = (seconds: number) => planMends(mend, [zombie('w-1')], context(state), T0 + seconds * 1_000);
    expect(kinds(at(0))).toEqual(['take-lease', 'restart-worker']);
    expect(kinds(at(59))).toEqual([]);
    const second = at(61);
    expect(kinds(second)).toEqual(['take-lease', 'restart-worker']);
    expect(second.wanted[1]?.args).toMatchObject({ hard: true, instance: 'worker-w-1' });
    expect(kinds(at(150))).toEqual([]);
    expect(kinds(at(190))).toEqual(['take-lease', 'rest-worker']);
    expect(kinds(at(500))).toEqual(['ask-person']);
    expect(kinds(at(1_500))).toEqual([]);
  });

  it('gives the same intervention the same id, so that two watchdogs make it once', () => {
    const plans = [newMendState(), newMendState()].map((mend) =>
      planMends(mend, [zombie('w-1')], context(scene(10)), T0),
    );
    expect(plans[0]?.wanted[0]?.id).toBe(plans[1]?.wanted[0]?.id);
  });

  it('of a failing master: it is paused and what waits goes elsewhere, once', () => {
    const mend = newMendState();
    const collapse = finding('success-collapse', 'master:security', { master: 'security' });
    const state = scene(3, 't-1', 't-2');
    expect(kinds(planMends(mend, [collapse], context(state), T0))).toEqual([
      'pause-master',
      'reroute-task',
      'reroute-task',
    ]);
    expect(mend.breakers.get('security')).toMatchObject({ state: 'open', trips: 1 });
    expect(kinds(planMends(mend, [collapse], context(state), T0 + 3_600_000))).toEqual([]);
  });

  it('stops a task only when its tokens are nearly gone, and asks whether it shall go on', () => {
    const state = scene(3, 't-1');
    const budget = (severity: Finding['severity']) => finding('token-budget', 'task:t-1', { severity, task: 't-1' });
    expect(kinds(planMends(newMendState(), [budget('warning')], context(state), T0))).toEqual([]);
    const mend = newMendState();
    const planned = planMends(mend, [budget('critical')], context(state), T0);
    expect(kinds(planned)).toEqual(['stop-task', 'ask-person']);
    expect(planned.wanted[1]?.args).toMatchObject({ task: 't-1', kind: 'budget' });
    // Let go on by a person, and over again.
    expect(kinds(planMends(mend, [budget('critical')], context(state), T0 + 70_000))).toContain('stop-task');
  });

  it('sets a worker aside that claims success without evidence a third time', () => {
    const mend = newMendState();
    const claims = (n: number) =>
      planMends(
        mend,
        [finding('completed-without-evidence', `task:t-${n}`, { worker: 'w-1', task: `t-${n}` })],
        context(scene(10)),
        T0 + n,
      );
    expect([claims(1), claims(2), claims(3)].map(kinds)).toEqual([[], [], ['rest-worker']]);
  });
});

describe('every ladder climbs as the page says', () => {
  /** What each of five looks wants, far enough apart for any pause. */
  const climb = (fault: Finding, state: WatchState) => {
    const mend = newMendState();
    return [0, 61, 190, 440, 700].map((seconds) => {
      const now = T0 + seconds * 1_000;
      for (const known of state.workers.values()) known.heardAt = now;
      return kinds(planMends(mend, [fault], context(state), now)).join(' ');
    });
  };
  const idle = (state: WatchState) => {
    for (const known of state.workers.values()) known.idleSince = 0;
    return state;
  };
  const holding = (state: WatchState, name: string, ...tasks: string[]) => {
    for (const task of tasks) state.workers.get(name)?.tasks.set(task, 0);
    return state;
  };
  const about = { worker: 'w-0', task: 't-1', master: 'security' };

  it.each<[string, Finding, WatchState, string[]]>([
    [
      'silence: its tasks are decided anew and a restart is asked for, once',
      finding('no-heartbeat', 'worker:w-0', about),
      holding(scene(10, 't-1', 't-2'), 'w-0', 't-1', 't-2'),
      ['take-lease take-lease restart-worker', '', '', '', ''],
    ],
    [
      'stuck pending beside idle workers',
      finding('stuck-pending', 'task:t-1', { task: 't-1' }),
      idle(scene(2, 't-1')),
      ['take-lease', 'take-lease restart-worker', 'take-lease restart-worker', 'ask-person', ''],
    ],
    [
      'stuck pending with nobody there: to the next best, once',
      finding('stuck-pending', 'task:t-1', { task: 't-1' }),
      scene(0, 't-1'),
      ['reroute-task', '', '', '', ''],
    ],
    [
      'stuck running',
      finding('stuck-running', 'task:t-1', about),
      scene(10, 't-1'),
      ['take-lease', 'take-lease restart-worker', 'stop-task', 'ask-person', ''],
    ],
    [
      'two at one task',
      finding('duplicate-worker', 'task:t-1', about),
      scene(10, 't-1'),
      ['take-lease', 'take-lease restart-worker', 'take-lease restart-worker', 'ask-person', ''],
    ],
    [
      'two under one name',
      finding('duplicate-worker', 'worker:w-0', { worker: 'w-0' }),
      scene(10),
      ['ask-person', '', '', '', ''],
    ],
    [
      'a growing queue: who works calmly takes one more, once',
      finding('queue-growing', 'master:security', { master: 'security' }),
      holding(scene(3, 't-1'), 'w-1', 't-1'),
      ['set-concurrency', '', '', '', ''],
    ],
    [
      'a storm of retries: one at a time, then the master rests',
      finding('retry-storm', 'master:security', { master: 'security' }),
      holding(scene(3, 't-1', 't-2'), 'w-1', 't-1', 't-2'),
      ['set-concurrency', 'pause-master reroute-task reroute-task', '', '', ''],
    ],
    [
      'a starving master with idle workers',
      finding('starving-master', 'master:security', { master: 'security' }),
      idle(scene(1)),
      ['restart-worker', 'restart-worker', 'restart-worker', 'ask-person', ''],
    ],
    [
      'a starving master with nobody there',
      finding('starving-master', 'master:security', { master: 'security' }),
      scene(0, 't-1'),
      ['reroute-task', 'reroute-task', 'reroute-task', 'ask-person', ''],
    ],
    [
      'decisions that get worse',
      finding('decision-quality', 'decisions'),
      scene(3),
      ['lower-challenger', 'ask-person', '', '', ''],
    ],
    [
      'a wedged actor: made anew, then its process, then a person',
      finding('wedged-actor', 'actor:coordinator/c-1', { actor: 'coordinator', instance: 'c-1' }),
      scene(3),
      ['restart-actor', 'restart-actor', 'restart-actor', 'ask-person', ''],
    ],
    ['a clock that is off is only told', finding('clock-skew', 'worker:w-0', about), scene(3), ['', '', '', '', '']],
    ['a replay is only told', finding('replay', 'source:x'), scene(3), ['', '', '', '', '']],
    ['an anomaly is only told', finding('anomaly', 'worker:w-0', about), scene(3), ['', '', '', '', '']],
  ])('%s', (_title, fault, state, steps) => {
    expect(climb(fault, state)).toEqual(steps);
  });
});

describe('the limits', () => {
  it('touch at most a fifth of the workers within five minutes, and at least one', () => {
    const mend = newMendState();
    const state = scene(20);
    const planned = planMends(
      mend,
      Array.from({ length: 20 }, (_, i) => zombie(`w-${i}`)),
      context(state),
      T0,
    );
    expect(kinds(planned)).toHaveLength(4);
    expect(planned.refused).toHaveLength(16);
    expect(planned.refused[0]?.why).toMatch(/4 are allowed/);
    expect(kinds(planMends(newMendState(), [zombie('w-0')], context(scene(1)), T0))).toEqual(['restart-worker']);
  });

  it('are thirty interventions a minute beside those on tasks, and three hundred of those', () => {
    const mend = newMendState();
    const actors = Array.from({ length: 40 }, (_, i) =>
      finding('wedged-actor', `actor:x/${i}`, { actor: 'x', instance: String(i) }),
    );
    const state = scene(3, ...Array.from({ length: 400 }, (_, i) => `t-${i}`));
    const tasks = [...state.tasks.keys()].map((task) => finding('stuck-running', `task:${task}`, { task }));
    const planned = planMends(mend, [...actors, ...tasks], context(state), T0);
    expect(kinds(planned).filter((kind) => kind === 'restart-actor')).toHaveLength(30);
    expect(kinds(planned).filter((kind) => kind === 'take-lease')).toHaveLength(300);
    expect(planned.refused).toHaveLength(110);
  });

  it('never leave less than half of the masters active', () => {
    const collapse = finding('success-collapse', 'master:security', { master: 'security' });
    const masters = ['security', 'cicd', 'a', 'b'].map((name, i) => ({ name, status: i < 2 ? 'active' : 'paused' }));
    const planned = planMends(newMendState(), [collapse], { ...context(scene(3)), masters }, T0);
    expect(planned.refused[0]?.why).toMatch(/2 of 4 masters are active/);
    expect(planned.wanted).toEqual([]);
  });

  it('never pause the last active master', () => {
    const collapse = finding('success-collapse', 'master:security', { master: 'security' });
    const planned = planMends(newMendState(), [collapse], context(scene(3), ['security']), T0);
    expect(planned.refused[0]?.why).toMatch(/last active master/);
    expect(planned.wanted).toEqual([]);
  });

  it('never leaves more workers set aside at once than the share it may touch, however slowly they came to it', () => {
    const state = scene(10);
    const mend = newMendState();
    const lazy = (worker: string, now: number): Finding => ({
      kind: 'completed-without-evidence',
      target: `task:${worker}-${now}`,
      severity: 'warning',
      summary: 'nothing shows it',
      cause: 'x',
      evidence: {},
      worker,
      since: now,
      holdMs: 1,
    });
    const aside: string[] = [];
    for (const [i, worker] of ['w-0', 'w-1', 'w-2'].entries())
      for (let n = 0; n < 3; n++) {
        const now = T0 + i * 3_600_000 + n * 1_000;
        for (const known of state.workers.values()) known.heardAt = now;
        const { wanted } = planMends(mend, [lazy(worker, now)], context(state), now);
        for (const { args } of wanted) {
          aside.push(String(args.worker));
          state.resting.add(String(args.worker));
        }
      }
    expect(aside).toEqual(['w-0', 'w-1']);
  });
});

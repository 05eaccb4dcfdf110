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

  it('stops a task only when its tokens are nearly gone', () => {
    const state = scene(3, 't-1');
    const budget = (severity: Finding['severity']) => finding('token-budget', 'task:t-1', { severity, task: 't-1' });
    expect(kinds(planMends(newMendState(), [budget('warning')], context(state), T0))).toEqual([]);
    expect(kinds(planMends(newMendState(), [budget('critical')], context(state), T0))).toEqual(['stop-task']);
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

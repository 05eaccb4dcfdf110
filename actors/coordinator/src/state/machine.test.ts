import type { Decision, LogRecord, Outcome, Task } from '@cortex/schemas';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decidedRecord, isTerminal, plan, type TaskEvent } from './machine.js';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const task: Task = { id: 't-1', text: 'scan the payments repo', priority: 'high', deadline: '2026-01-02T00:00:00Z' };
const decision = (master: string, method: Decision['method'] = 'ensemble'): Decision => ({
  task: 't-1',
  master,
  confidence: 0.9,
  probabilities: { [master]: 0.9 },
  experts: [],
  method,
  propensity: 1,
  candidates: [master],
  models: {},
  arm: 'champion',
  explanation: [],
  latency_ms: 1,
  decided_at: '2026-01-01T00:00:00Z',
});

/** A log of one key, as the server would keep it: applies events the way the shell does. */
function run(
  events: TaskEvent[],
  choose: (event: TaskEvent) => string = () => 'security',
): { records: LogRecord[]; waited: TaskEvent[] } {
  const records: LogRecord[] = [];
  let queue = [...events];
  let waited: TaskEvent[] = [];
  // Messages that wait are delivered again until a whole round changes nothing.
  for (;;) {
    waited = [];
    const before = records.length;
    for (const event of queue) {
      const last = records.at(-1);
      let planned = plan(last, event);
      if (planned.do === 'decide') {
        const made = decision(planned.master ?? choose(event), planned.master ? 'human' : 'ensemble');
        planned = decidedRecord(last, planned.task, made, planned.by, planned.at);
      }
      if (planned.do === 'wait') waited.push(event);
      if (planned.do === 'append') {
        records.push({
          ...planned.record,
          record: String(records.length),
          revision: (last?.revision ?? 0) + 1,
          by: 'test',
          at: '2026-01-01T00:00:00Z',
        });
      }
    }
    if (records.length === before || waited.length === 0) return { records, waited };
    queue = waited;
  }
}

const claim = (outcome: Partial<Outcome> = {}): TaskEvent => ({
  kind: 'claim',
  outcome: { task: 't-1', status: 'completed', ...outcome },
});
const submit: TaskEvent = { kind: 'submit', task, now: NOW };
const due: TaskEvent = { kind: 'due', task: 't-1', now: NOW + 2 * 86_400_000 };
const steps = (records: LogRecord[]) => records.map((r) => r.step);

describe('the life of a task', () => {
  it('is decided once and settled once, however often its messages come', () => {
    const { records } = run([submit, submit, claim(), claim(), submit, claim({ status: 'failed' })]);
    expect(steps(records)).toEqual(['decided', 'settled']);
    expect(records[1]?.outcome).toMatchObject({ status: 'completed', success: true });
  });

  it('ends as cancelled when the cancel overtakes the submit', () => {
    expect(steps(run([{ kind: 'cancel', task: 't-1' }, submit, claim()]).records)).toEqual(['cancelled']);
  });

  it('keeps an outcome that overtakes its task until the task is there', () => {
    const { records, waited } = run([claim(), submit]);
    expect(steps(records)).toEqual(['decided', 'settled']);
    expect(waited).toEqual([]);
  });

  it('refuses the late claim of a worker that lost its lease, and takes the claim of the one that holds it', () => {
    const { records } = run([
      submit,
      { kind: 'attempt', task: 't-1', attempt: 2, worker: 'w2' },
      claim({ attempt: 1, worker: 'w1' }),
      claim({ attempt: 2, worker: 'w2' }),
    ]);
    expect(steps(records)).toEqual(['decided', 'escalated', 'settled']);
    expect(records.at(-1)?.outcome?.worker).toBe('w2');
  });

  it('moves an open task where a person says, and refuses the claim of the master that lost it', () => {
    const { records } = run([
      submit,
      { kind: 'answer', task: 't-1', master: 'development-master', retry: false, by: 'ann' },
      claim({ master: 'security', revision: 1 }),
      claim({ master: 'development', revision: 2 }),
    ]);
    expect(steps(records)).toEqual(['decided', 'decided', 'settled']);
    expect(records[1]?.decision).toMatchObject({ master: 'development', method: 'human' });
    expect(records[2]).toMatchObject({
      correction: { master: 'development', by: 'ann' },
      outcome: { master: 'development' },
    });
  });

  it('holds to the answer that was given last, in whatever order two are handled, open or settled', () => {
    const answer = (master: string, by: string, at: number): TaskEvent =>
      ({ kind: 'answer', task: 't-1', master, retry: false, by, at }) as const;
    const first = answer('security', 'ann', NOW + 1_000);
    const second = answer('cicd', 'bob', NOW + 2_000);
    const holds = { master: 'cicd', by: 'bob', at: new Date(NOW + 2_000).toISOString() };
    for (const before of [[submit], [submit, claim()]])
      for (const answers of [
        [first, second],
        [second, first],
      ])
        expect(run([...before, ...answers]).records.at(-1)?.correction).toEqual(holds);
  });

  it('keeps a correction of a settled task as a label, once, without doing the work again', () => {
    const answer: TaskEvent = { kind: 'answer', task: 't-1', master: 'cicd', retry: false };
    const { records } = run([submit, claim(), answer, answer]);
    expect(steps(records)).toEqual(['decided', 'settled', 'corrected']);
    expect(records[2]).toMatchObject({
      correction: { master: 'cicd' },
      settled_as: 'settled',
      outcome: { status: 'completed' },
    });
  });

  it('expires at its deadline, on arrival when it is too late already, and never after its end', () => {
    expect(steps(run([submit, due]).records)).toEqual(['decided', 'expired']);
    expect(steps(run([{ ...submit, now: NOW + 2 * 86_400_000 } as TaskEvent]).records)).toEqual(['expired']);
    expect(steps(run([submit, claim(), due]).records)).toEqual(['decided', 'settled']);
    expect(steps(run([submit, { ...due, now: NOW } as TaskEvent]).records)).toEqual(['decided']);
  });

  it('ends as failed when every worker died on it, and a retry by a person opens it again', () => {
    const { records } = run([submit, { kind: 'exhausted', task: 't-1', revision: 1, deliveries: 5 }]);
    expect(records.at(-1)).toMatchObject({ step: 'settled', outcome: { status: 'failed', success: false } });
    expect(steps(run([submit, { kind: 'answer', task: 't-1', retry: true }, claim({ revision: 2 })]).records)).toEqual([
      'decided',
      'decided',
      'settled',
    ]);
  });

  it('does a failed task again at the master a person names with the retry, and never a completed one', () => {
    const again: TaskEvent = { kind: 'answer', task: 't-1', master: 'cicd-master', retry: true, by: 'ann' };
    const { records } = run([submit, claim({ status: 'failed' }), { ...again, whole: task }]);
    expect(steps(records)).toEqual(['decided', 'settled', 'decided']);
    expect(records[2]).toMatchObject({
      task: { text: task.text },
      decision: { master: 'cicd', method: 'human' },
      correction: { master: 'cicd', by: 'ann' },
    });
    expect(records[2]?.settled_as).toBeUndefined();
    expect(steps(run([submit, claim(), { ...again, whole: task }]).records)).toEqual(['decided', 'settled']);
  });

  it('drops the text once it is settled, and keeps its hash', () => {
    const last = run([submit, claim()]).records.at(-1);
    expect(last?.task.text).toBeUndefined();
    expect(last?.text_sha256).toMatch(/^[0-9a-f]{64}$/);
  });
});

const anyEvent: fc.Arbitrary<TaskEvent> = fc.oneof(
  fc.constant(submit),
  fc.constant<TaskEvent>({ kind: 'cancel', task: 't-1' }),
  fc.constant(due),
  fc
    .record({
      status: fc.constantFrom('completed', 'failed', 'cancelled', 'expired') as fc.Arbitrary<Outcome['status']>,
      attempt: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
      revision: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
      master: fc.option(fc.constantFrom('security', 'development', 'cicd'), { nil: undefined }),
      correct_master: fc.option(fc.constantFrom('security', 'cicd'), { nil: undefined }),
    })
    .map((o) => claim(Object.fromEntries(Object.entries(o).filter(([, v]) => v !== undefined)))),
  fc.integer({ min: 1, max: 5 }).map<TaskEvent>((attempt) => ({ kind: 'attempt', task: 't-1', attempt })),
  fc
    .record({
      master: fc.option(fc.constantFrom('security', 'development', 'cicd'), { nil: undefined }),
      retry: fc.boolean(),
    })
    .map<TaskEvent>((a) => ({ kind: 'answer', task: 't-1', ...a })),
  fc
    .integer({ min: 1, max: 4 })
    .map<TaskEvent>((revision) => ({ kind: 'exhausted', task: 't-1', revision, deliveries: 5 })),
);

describe('in every order of events', () => {
  it('is total, counts revisions without gaps, and applies at most one outcome per opening', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 14 }), (events) => {
        const { records } = run(events, (event) => (event.kind === 'submit' ? 'security' : 'development'));
        records.forEach((r, i) => {
          expect(r.revision).toBe(i + 1);
        });
        for (const [i, r] of records.entries()) {
          const before = records[i - 1];
          if (r.step === 'settled' || r.step === 'expired')
            expect(before === undefined || !isTerminal(before)).toBe(true);
          // Nothing but a correction or a person's retry follows an end.
          if (before && isTerminal(before)) expect(['corrected', 'decided']).toContain(r.step);
          if (before && isTerminal(before) && r.step === 'corrected') expect(r.settled_as).toBe(before.settled_as);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('a repeated message changes nothing', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 8 }), (events) => {
        const retries = events.filter((e) => !(e.kind === 'answer' && e.retry));
        const once = run(retries).records;
        const last = retries.at(-1);
        const twice = run(last ? [...retries, last] : retries).records;
        expect(steps(twice)).toEqual(steps(once));
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('orders of the watchdog', () => {
  const order = (more: Partial<Extract<TaskEvent, { kind: 'answer' }>>): TaskEvent => ({
    kind: 'answer',
    task: 't-1',
    retry: true,
    by: 'watchdog',
    ...more,
  });

  it('decide a task anew only while the decision they mean is in force and the task is open', () => {
    const { records } = run([submit]);
    const open = records.at(-1);
    expect(plan(open, order({ ifRevision: 1, avoid: 'security-master' }))).toMatchObject({
      do: 'decide',
      avoid: 'security',
    });
    expect(plan(open, order({ ifRevision: 7 }))).toMatchObject({ do: 'nothing' });
    const failed = run([submit, claim({ status: 'failed' })]).records.at(-1);
    expect(plan(failed, order({ ifRevision: 1 }))).toMatchObject({ do: 'nothing' });
    // A person may put a failed task back all the same.
    expect(plan(failed, order({ by: 'ada', whole: task }))).toMatchObject({ do: 'decide' });
  });

  it('that are defaults leave no label behind', () => {
    const open = run([submit]).records.at(-1);
    const planned = plan(open, order({ retry: false, master: 'cicd', byDefault: true }));
    expect(planned).toMatchObject({ do: 'decide', master: 'cicd', byDefault: true });
    expect(decidedRecord(open, task, decision('cicd', 'fallback'), 'watchdog').record.correction).toBeUndefined();
    const done = run([submit, claim()]).records.at(-1);
    expect(plan(done, order({ retry: false, master: 'cicd', byDefault: true }))).toMatchObject({ do: 'nothing' });
  });
});

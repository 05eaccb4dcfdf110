import {
  type Bus,
  connectBus,
  RetryLater,
  silentLogger,
  startTelemetry,
  testServerBinary,
  until,
  withSpan,
} from '@cortex/bus';
import { HEADERS, SPAN_KEYS } from '@cortex/schemas';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { gate, startTestBus, type TestBus } from './bus-for-tests.js';
import { type Handler, type Job, type JobStopped, type RunningWorker, type WorkerOptions, worker } from './index.js';

const LEASE_MS = 2_000;
let test: TestBus;
let masters = 0;
let started: RunningWorker[] = [];

describe.skipIf('missing' in testServerBinary())('a worker', () => {
  beforeAll(async () => {
    test = await startTestBus({
      leaseMs: LEASE_MS,
      maxDeliver: 3,
      masters: Array.from({ length: 24 }, (_, i) => `m${i}`),
    });
  });
  afterEach(async () => {
    await Promise.all(started.map((w) => w.stop(0)));
    started = [];
  });
  afterAll(() => test.close());

  /** A master nobody has used yet, so that tests do not see each other's tasks. */
  const freshMaster = () => `m${masters++}`;
  async function start(master: string, handle: Handler, more: Partial<WorkerOptions> = {}): Promise<RunningWorker> {
    const running = await worker({
      master,
      handle,
      servers: test.server.url,
      log: silentLogger,
      signals: false,
      telemetry: false,
      pollMinMs: 100,
      pollMaxMs: 300,
      ...more,
    });
    started.push(running);
    return running;
  }
  const outcomesOf = async (master: string) => (await test.outcomes()).filter((o) => o.master === master);
  const untilOutcomes = (master: string, n: number) =>
    until(`${n} outcomes of ${master}`, async () => {
      const found = await outcomesOf(master);
      return found.length >= n ? found : undefined;
    });
  const untilAllDone = (master: string) =>
    until(`nothing open for ${master}`, async () => {
      const { unacknowledged, waiting } = await test.open(master);
      return unacknowledged + waiting === 0;
    });
  const untilAborted = (job: Job) =>
    new Promise<void>((resolve) => job.signal.addEventListener('abort', () => resolve(), { once: true }));

  it('shares 200 tasks with the others of its master, and each is done once', async () => {
    const master = freshMaster();
    const done = new Map<string, string[]>();
    const handle: Handler = async (job) => {
      await new Promise((resolve) => setTimeout(resolve, 2));
      done.set(job.task.id, [...(done.get(job.task.id) ?? []), job.worker]);
    };
    await Promise.all(['a', 'b', 'c', 'd'].map((name) => start(master, handle, { name, concurrency: 2 })));
    for (let i = 0; i < 200; i++) await test.decide(`share-${i}`, { master, priority: i % 2 ? 'high' : 'low' });
    const outcomes = await untilOutcomes(master, 200);
    await untilAllDone(master);
    expect(done.size).toBe(200);
    expect([...done.values()].every((workers) => workers.length === 1)).toBe(true);
    expect(new Set([...done.values()].flat()).size).toBe(4);
    expect(outcomes).toHaveLength(200);
    expect(outcomes.every((o) => o.status === 'completed' && o.attempt === 1 && o.revision === 1)).toBe(true);
  });

  it('never holds a task it has no slot for', async () => {
    const master = freshMaster();
    for (let i = 0; i < 10; i++) await test.decide(`hoard-${i}`, { master });
    const hold = gate();
    const running = await start(master, () => hold.opened, { concurrency: 2 });
    await until('two in flight', () => running.inFlight() === 2);
    expect(await test.open(master)).toEqual({ unacknowledged: 2, waiting: 8, redelivered: 0 });
    hold.open();
    await untilOutcomes(master, 10);
  });

  it('does no more at once than its master allows, however many workers there are', async () => {
    const { provisionMaster } = await import('@cortex/bus');
    const master = freshMaster();
    await provisionMaster(test.bus, master, {}, { concurrency: 2 });
    for (let i = 0; i < 12; i++) await test.decide(`cap-${i}`, { master });
    let atOnce = 0;
    let most = 0;
    const handle = async () => {
      most = Math.max(most, ++atOnce);
      await new Promise((resolve) => setTimeout(resolve, 20));
      atOnce--;
    };
    await Promise.all(['a', 'b', 'c'].map((name) => start(master, handle, { name, concurrency: 4 })));
    await untilOutcomes(master, 12);
    expect(most).toBe(2);
  });

  it('does critical tasks first and lets low ones not starve', async () => {
    const master = freshMaster();
    for (let i = 0; i < 40; i++) await test.decide(`prio-c${i}`, { master, priority: 'critical' });
    for (let i = 0; i < 3; i++) await test.decide(`prio-l${i}`, { master, priority: 'low' });
    const order: string[] = [];
    await start(master, (job) => void order.push(job.task.priority));
    await untilOutcomes(master, 43);
    expect(order.slice(0, 10).every((p) => p === 'critical')).toBe(true);
    expect(order.indexOf('low')).toBeLessThanOrEqual(17);
    expect(order.lastIndexOf('critical')).toBeGreaterThan(order.indexOf('low'));
  });

  it('skips work whose task was cancelled, settled or decided anew before it began', async () => {
    const master = freshMaster();
    const other = freshMaster();
    await test.step('cancelled', 'skip-1', await test.decide('skip-1', { master }));
    await test.step('settled', 'skip-2', await test.decide('skip-2', { master }));
    await test.decide('skip-3', { master: other, after: await test.decide('skip-3', { master }) });
    await test.decide('keep', { master });
    const seen: string[] = [];
    await start(master, (job) => void seen.push(job.task.id));
    await untilAllDone(master);
    expect(seen).toEqual(['keep']);
    expect((await outcomesOf(master)).map((o) => o.task)).toEqual(['keep']);
  });

  it('stops a job at once when its task is cancelled, and claims nothing', async () => {
    const master = freshMaster();
    let why = '';
    const begun = gate();
    const running = await start(master, async (job) => {
      begun.open();
      await untilAborted(job);
      why = (job.signal.reason as JobStopped).why;
      job.signal.throwIfAborted();
    });
    const decided = await test.decide('cancel-me', { master });
    await begun.opened;
    await test.step('cancelled', 'cancel-me', decided);
    await untilAllDone(master);
    await until('its slot is free', () => running.inFlight() === 0);
    expect(why).toBe('cancelled');
    expect(await outcomesOf(master)).toEqual([]);
  });

  it('stops a job that was given to another master, at the latest when it renews its lease', async () => {
    const master = freshMaster();
    const begun = gate();
    let why = '';
    await start(master, async (job) => {
      begun.open();
      await untilAborted(job);
      why = (job.signal.reason as JobStopped).why;
    });
    const decided = await test.decide('moved', { master });
    await begun.opened;
    await test.decide('moved', { master: freshMaster(), after: decided });
    await untilAllDone(master);
    expect(why).toBe('superseded');
    expect(await outcomesOf(master)).toEqual([]);
  });

  it('keeps a task that takes much longer than the lease', async () => {
    const master = freshMaster();
    await start(master, () => new Promise((resolve) => setTimeout(resolve, 2 * LEASE_MS)), { name: 'slow' });
    await start(master, () => undefined, { name: 'idle' });
    await test.decide('long', { master });
    await test.decide('long-too', { master });
    const outcomes = await untilOutcomes(master, 2);
    await untilAllDone(master);
    expect(outcomes.every((o) => o.attempt === 1)).toBe(true);
    expect((await test.open(master)).redelivered).toBe(0);
  });

  it('fails a task whose handler throws, with the text, and goes on', async () => {
    const master = freshMaster();
    await start(master, (job) => {
      if (job.task.id === 'throws') throw new Error('no such repository');
      return job.task.id === 'text' ? ('done' as unknown as object as never) : { tokens: 5 };
    });
    for (const id of ['throws', 'text', 'fine']) await test.decide(id, { master });
    const outcomes = await untilOutcomes(master, 3);
    const of = (id: string) => outcomes.find((o) => o.task === id);
    expect(of('throws')).toMatchObject({ status: 'failed', success: false, error: 'no such repository' });
    expect(of('text')).toMatchObject({ status: 'failed', error: expect.stringContaining('not an object') });
    expect(of('fine')).toMatchObject({ status: 'completed', tokens: 5, attempt: 1 });
  });

  it('tries a retryable failure again, and on the last delivery reports it as failed with a dead letter', async () => {
    const master = freshMaster();
    const attempts: Record<string, number[]> = {};
    await start(master, (job) => {
      attempts[job.task.id] = [...(attempts[job.task.id] ?? []), job.attempt];
      if (job.task.id === 'never' || job.attempt < 2) throw new RetryLater('the tracker is away', 20);
    });
    await test.decide('second-time', { master });
    await test.decide('never', { master });
    const outcomes = await untilOutcomes(master, 2);
    await untilAllDone(master);
    expect(attempts).toEqual({ 'second-time': [1, 2], never: [1, 2, 3] });
    expect(outcomes.find((o) => o.task === 'second-time')).toMatchObject({ status: 'completed', attempt: 2 });
    expect(outcomes.find((o) => o.task === 'never')).toMatchObject({
      status: 'failed',
      attempt: 3,
      error: 'the tracker is away',
    });
    const dead = (await test.dead()).filter((letter) => letter.subject.includes(`.${master}.`));
    expect(dead).toMatchObject([{ attempts: 3, reason: 'the tracker is away' }]);
  });

  it('ends a job at its time limit, or at the budget of its task, even if it does not listen', async () => {
    const master = freshMaster();
    await start(master, () => new Promise(() => undefined), { timeLimitMs: 60_000, abortGraceMs: 50, concurrency: 2 });
    await test.decide('budget', { master, fields: { budget: { minutes: 0.005 } } });
    expect((await untilOutcomes(master, 1))[0]).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('0.3 s'),
    });
    const second = freshMaster();
    await start(second, () => new Promise(() => undefined), { timeLimitMs: 100, abortGraceMs: 50 });
    await test.decide('limit', { master: second });
    expect((await untilOutcomes(second, 1))[0]).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('0.1 s'),
    });
  });

  it('finishes what it has when it is stopped, takes nothing new, and nothing is delivered twice', async () => {
    const master = freshMaster();
    for (let i = 0; i < 30; i++) await test.decide(`drain-${i}`, { master });
    const some = gate();
    let begun = 0;
    const handle: Handler = () => {
      if (++begun === 6) some.open();
      return new Promise((resolve) => setTimeout(resolve, 20));
    };
    const first = await start(master, handle, { concurrency: 4 });
    await some.opened;
    await first.stop();
    const before = await outcomesOf(master);
    expect(first.state()).toBe('stopped');
    expect(before.length).toBeLessThan(30);
    expect((await test.open(master)).waiting).toBe(30 - before.length);
    await start(master, handle, { concurrency: 4 });
    const outcomes = await untilOutcomes(master, 30);
    await untilAllDone(master);
    expect(outcomes).toHaveLength(30);
    expect(outcomes.every((o) => o.attempt === 1)).toBe(true);
    expect((await test.open(master)).redelivered).toBe(0);
  });

  it('gives back at once what it could not finish in time, for another to do', async () => {
    const master = freshMaster();
    const begun = gate();
    const stubborn = await start(master, async (job) => {
      begun.open();
      await untilAborted(job);
      job.signal.throwIfAborted();
    });
    await test.decide('unfinished', { master });
    await begun.opened;
    await stubborn.stop(30);
    expect(await outcomesOf(master)).toEqual([]);
    const at = Date.now();
    await start(master, () => ({ note: String(Date.now() - at) }), { name: 'next' });
    expect((await untilOutcomes(master, 1))[0]).toMatchObject({ status: 'completed', worker: 'next', attempt: 2 });
  });

  it('stops at once when it must, even with a task on its way to it', async () => {
    const master = freshMaster();
    const deaf: Handler = () => new Promise(() => undefined);
    for (let i = 0; i < 4; i++) await test.decide(`on-its-way-${i}`, { master });
    for (let round = 0; round < 2; round++) {
      const hasty = await start(master, deaf, { abortGraceMs: 20, concurrency: 4, name: `hasty-${round}` });
      await hasty.stop(0);
      expect(hasty.state()).toBe('stopped');
      expect(hasty.inFlight()).toBe(0);
    }
    await start(master, () => undefined, { name: 'patient' });
    const outcomes = await untilOutcomes(master, 4);
    await untilAllDone(master);
    expect(outcomes.every((o) => o.status === 'completed' && o.worker === 'patient')).toBe(true);
  });

  it('waits for its master to be registered, and says what is missing', async () => {
    const { provisionMaster } = await import('@cortex/bus');
    const running = await start('late-comer', () => undefined);
    expect(running.state()).toBe('degraded');
    expect(running.detail()).toContain('work-late-comer-critical');
    await provisionMaster(test.bus, 'late-comer', { leaseMs: LEASE_MS });
    await test.decide('late', { master: 'late-comer' });
    await untilOutcomes('late-comer', 1);
    expect(running.state()).toBe('ready');
  });

  it('tells by telemetry what it does, with its own gauges and those of its job', async () => {
    const master = freshMaster();
    const hold = gate();
    await start(
      master,
      async (job) => {
        job.gauge('tokens', 900);
        await hold.opened;
      },
      { name: `teller ${master}`, heartbeatMs: 100, capabilities: ['tell stories'] },
    );
    await test.decide('told', { master });
    const of = async (status: string) =>
      (await test.telemetry()).filter((t) => t.master === master && t.status === status);
    const busy = await until('a busy heartbeat with its gauge', async () =>
      (await of('busy')).find((t) => t.gauges.tokens === 900),
    );
    expect(busy).toMatchObject({ worker: `teller ${master}`, task: 'told', capabilities: ['tell stories'] });
    expect(Object.keys(busy.gauges)).toEqual(
      expect.arrayContaining(['cpu', 'memory_mb', 'tasks_done', 'tasks_failed', 'in_flight']),
    );
    hold.open();
    await until('idle with one done', async () => (await of('idle')).find((t) => t.gauges.tasks_done === 1));
    await started.at(-1)?.stop();
    await until('draining', async () => (await of('draining')).length > 0);
  });

  it('is one trace with the task: its span and its outcome follow from the work message', async () => {
    const master = freshMaster();
    const spans: { name: string; traceId: string; attributes: Record<string, unknown> }[] = [];
    const telemetry = await startTelemetry({
      service: 'test',
      processors: [
        {
          onStart: () => undefined,
          onEnd: (span) =>
            void spans.push({ name: span.name, traceId: span.spanContext().traceId, attributes: span.attributes }),
          forceFlush: async () => undefined,
          shutdown: async () => undefined,
        },
      ],
    });
    try {
      let given: string | undefined;
      await start(master, (job) => {
        given = job.traceparent;
      });
      await withSpan('decide', {}, () => test.decide('traced', { master }));
      const [claim] = await untilOutcomes(master, 1);
      expect(claim?.task).toBe('traced');
      const work = await until('the span', () => spans.find((s) => s.name === 'process work'));
      const root = spans.find((s) => s.name === 'decide');
      expect(work.traceId).toBe(root?.traceId);
      expect(work.attributes).toMatchObject({ [SPAN_KEYS.taskId]: 'traced', [SPAN_KEYS.master]: master });
      expect(given).toContain(work.traceId);
      const name = test.bus.subjects.stream('OUTCOMES');
      const last = await test.bus.jsm.streams.getMessage(name, { last_by_subj: test.bus.subjects.outcome(master) });
      expect(last?.header.get(HEADERS.traceparent)).toContain(work.traceId);
    } finally {
      await telemetry.shutdown();
    }
  });

  it('leaves no subscription behind on a connection it was lent', async () => {
    const master = freshMaster();
    const bus = await connectBus({ servers: test.server.url, name: 'lender' });
    const subscriptions = (on: Bus) =>
      (on.nc as unknown as { protocol: { subscriptions: { size(): number } } }).protocol.subscriptions.size();
    // The first request of a connection makes its shared inbox, which stays.
    await bus.jsm.streams.info('LOG');
    const before = subscriptions(bus);
    const running = await start(master, () => undefined, { bus });
    await test.decide('lent', { master });
    await untilOutcomes(master, 1);
    expect(subscriptions(bus)).toBeGreaterThan(before);
    await running.stop();
    expect(subscriptions(bus)).toBe(before);
    expect(bus.state()).toBe('connected');
    await bus.close();
  });

  it('refuses settings that make no sense, naming them', async () => {
    await expect(start('', () => undefined)).rejects.toThrow(/master/);
    await expect(start('m0', () => undefined, { concurrency: 0 })).rejects.toThrow(/concurrency/);
    await expect(start('m0', () => undefined, { timeLimitMs: Number.NaN })).rejects.toThrow(/timeLimitMs/);
    await expect(start('m0', () => undefined, { name: 'x'.repeat(200) })).rejects.toThrow(/worker name/);
  });
});

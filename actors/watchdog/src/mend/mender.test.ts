import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Bus,
  openMasters,
  openModelRegistry,
  runActor,
  runConsumer,
  serveControl,
  silentLogger,
  taskLog,
  until,
} from '@cortex/bus';
import { describeOnServer } from '@cortex/bus/testing';
import {
  type Action,
  actionSchema,
  decodeMessage,
  type LogRecord,
  type NewLogRecord,
  type ReviewAnswer,
} from '@cortex/schemas';
import { expect, it } from 'vitest';
import { watchdogActor } from '../actor.js';
import { keyOf, openJournal } from '../journal.js';
import { createMender, listActs, undoAct } from './mender.js';
import type { ActRecord, Wanted } from './types.js';

const QUICK = { tickMs: 100, backlogMs: 300, takeOverMs: 800, breakerRestMs: 1_500, probes: 2 };

function actionsOf(bus: Bus): Action[] {
  const actions: Action[] = [];
  bus.nc.subscribe(bus.subjects.actions, {
    callback: (_error, msg) => void actions.push(decodeMessage('action', actionSchema, msg.data)),
  });
  return actions;
}

/** Puts a task through its life in the log, as a coordinator would. */
async function lived(
  bus: Bus,
  id: string,
  master: string,
  success: boolean | 'second attempt' | undefined,
): Promise<void> {
  const log = taskLog(bus);
  const decision = {
    task: id,
    master,
    confidence: 1,
    probabilities: { [master]: 1 },
    experts: [],
    method: 'rule',
    propensity: 1,
    candidates: [master],
    models: {},
    arm: 'champion',
    explanation: [],
    latency_ms: 1,
    decided_at: new Date().toISOString(),
  } as NonNullable<LogRecord['decision']>;
  const task = { id, priority: 'medium', text: 'x' } as NewLogRecord['task'];
  const decided = await log.append(
    id,
    { step: 'decided', task, decision, decided_revision: 1 },
    master,
    'medium',
    undefined,
  );
  if (success === undefined) return;
  if (success === 'second attempt') {
    await log.append(
      id,
      { step: 'escalated', task, decision, decided_revision: 1, attempts: 2, reason: 'the one before lost its lease' },
      master,
      'medium',
      decided,
    );
    return;
  }
  await log.append(
    id,
    {
      step: 'settled',
      task,
      decision,
      decided_revision: 1,
      settled_as: 'settled',
      outcome: { task: id, status: success ? 'completed' : 'failed', success, worker: 'w-1', minutes: 0.01 },
    },
    master,
    'medium',
    decided,
  );
}

describeOnServer('interventions', (suite) => {
  it('pause a master whose success collapses, try it out after a rest, and bring it back when it works again', async () => {
    const bus = await suite.connect();
    const masters = await openMasters(bus);
    for (const name of ['ill', 'fit', 'third']) await masters.put({ name });
    const actions = actionsOf(bus);
    const watchdog = await runActor(watchdogActor(QUICK), await suite.connect(), { log: silentLogger });
    for (let i = 0; i < 40; i++) await lived(bus, `good-${i}`, 'ill', true);
    for (let i = 0; i < 16; i++) await lived(bus, `bad-${i}`, 'ill', false);
    await until('the pause', () => masters.find('ill')?.status === 'paused');
    const pause = await until('the word about it', () => actions.find((a) => a.kind === 'pause-master'));
    expect(pause).toMatchObject({ by: 'watchdog', state: 'done', before: 'active', after: 'paused', undo: true });
    expect(pause.evidence).toHaveProperty('usual_share');
    await until('the trial', () => masters.find('ill')?.status === 'active');
    // An attempt that failed counts, whatever comes of the task.
    await lived(bus, 'probe-0', 'ill', 'second attempt');
    await until('the next pause', () =>
      actions.some((a) => a.kind === 'pause-master' && /the 2\. time \(\d+ failed/.test(a.reason ?? '')),
    );
    await until('its rest', () => masters.find('ill')?.status === 'paused');
    await until('the next trial', () => masters.find('ill')?.status === 'active');
    await lived(bus, 'probe-1', 'ill', true);
    await lived(bus, 'probe-2', 'ill', true);
    await until('its return', () =>
      actions.some((a) => a.kind === 'resume-master' && /succeeded/.test(a.reason ?? '')),
    );
    await until('it is active', () => masters.find('ill')?.status === 'active');
    await watchdog.drain();
    await masters.close();
  }, 60_000);

  it('are finished by the next watchdog when one was killed between intent and effect, or between effect and done: once each', async () => {
    const bus = await suite.connect();
    const masters = await openMasters(bus);
    await masters.put({ name: 'torn' });
    await lived(bus, 'torn-task', 'torn', undefined);
    const answers: ReviewAnswer[] = [];
    const reader = runConsumer(bus, {
      stream: bus.subjects.stream('REVIEWS'),
      consumer: 'coordinator',
      template: 'x',
      handle: async (delivery) => void answers.push(JSON.parse(new TextDecoder().decode(delivery.data))),
    });
    const journal = await openJournal(bus);
    const intent = (id: string, more: Partial<ActRecord>): ActRecord => ({
      id,
      kind: 'pause-master',
      target: 'master:torn',
      reason: 'it fails',
      args: { master: 'torn' },
      state: 'intent',
      at: new Date().toISOString(),
      by: 'watchdog-that-died',
      evidence: {},
      before: 'active',
      ...more,
    });
    // Killed after the intent, before the effect; and after the effect, before it was marked done.
    await journal.create(keyOf('act', 'torn-pause'), intent('torn-pause', {}));
    const lease = intent('torn-lease', {
      kind: 'take-lease',
      target: 'task:torn-task',
      args: { task: 'torn-task', revision: 1 },
    });
    await journal.create(keyOf('act', 'torn-lease'), lease);
    const before = await runActor(watchdogActor(QUICK), await suite.connect(), { log: silentLogger });
    const state = async (id: string) => (await listActs(bus)).find((act) => act.id === id)?.state;
    await until(
      'both are done',
      async () => (await state('torn-pause')) === 'done' && (await state('torn-lease')) === 'done',
    );
    await before.drain();
    // The same intent once more, its effect made already.
    await journal.put(keyOf('act', 'torn-lease'), lease);
    const after = await runActor(watchdogActor(QUICK), await suite.connect(), { log: silentLogger });
    await until('it is done again', async () => (await state('torn-lease')) === 'done');
    expect(masters.find('torn')?.status).toBe('paused');
    expect(answers.filter((answer) => answer.task === 'torn-task')).toHaveLength(1);
    expect(answers[0]).toMatchObject({ answer: 'retry', by: 'watchdog' });
    await after.drain();
    await undoAct(bus, 'torn-pause', 'ada');
    expect(masters.find('torn')?.status).toBe('active');
    await expect(undoAct(bus, 'torn-pause', 'ada')).rejects.toThrow(/taken back already/);
    await expect(undoAct(bus, 'torn-lease', 'ada')).rejects.toThrow(/cannot be taken back/);
    await reader.stop(1_000);
    await masters.close();
  }, 60_000);

  it('end a worker’s rest by themselves, also where who set it aside has died', async () => {
    const bus = await suite.connect();
    const worker = await suite.connect();
    const told: string[] = [];
    const end = serveControl(worker, new Map([['go-on', ({ id }) => void told.push(String(id))]]));
    const journal = await openJournal(bus);
    const aside: ActRecord = {
      id: 'aside-1',
      kind: 'rest-worker',
      target: 'worker:w-aside',
      reason: 'completed without evidence, three times',
      args: { worker: 'w-aside', instance: worker.instance },
      state: 'done',
      at: new Date().toISOString(),
      by: 'watchdog-that-died',
      evidence: {},
    };
    await journal.create(keyOf('act', 'aside-1'), aside);
    const watchdog = await runActor(watchdogActor(QUICK), await suite.connect(), { log: silentLogger });
    await until('it was told to go on', () => told.length > 0);
    await until('the journal says so', async () =>
      (await listActs(bus)).some((act) => act.id === 'aside-1' && act.state === 'undone'),
    );
    expect(Date.now() - Date.parse(aside.at)).toBeGreaterThanOrEqual(QUICK.breakerRestMs);
    expect(told).toEqual(['undo-aside-1']);
    await watchdog.drain();
    end();
  }, 60_000);

  it('can be taken back: how much a worker does at once, a task that was stopped, a model’s share of the tasks', async () => {
    const bus = await suite.connect();
    const worker = await suite.connect();
    let atOnce = 2;
    const end = serveControl(
      worker,
      new Map([
        [
          'concurrency',
          ({ value }) => {
            const before = atOnce;
            atOnce = Number(value);
            return { before, after: atOnce };
          },
        ],
      ]),
    );
    const masters = await openMasters(bus);
    const mender = createMender({ bus, tasks: taskLog(bus), masters }, await openJournal(bus), silentLogger);
    const mend = (kind: Wanted['kind'], args: Wanted['args']) =>
      mender.mend({ id: `back-${kind}`, kind, target: 'x', reason: 'for the test', args });

    await mend('set-concurrency', { worker: 'w', instance: worker.instance, value: 5 });
    expect(atOnce).toBe(5);
    await undoAct(bus, 'back-set-concurrency', 'ada');
    expect(atOnce).toBe(2);

    await lived(bus, 'stopped-task', 'security', undefined);
    const said: { task?: string; answer?: string; by?: string; reason?: string }[] = [];
    for (const subject of [bus.subjects.cancel, bus.subjects.reviewsAnswered])
      bus.nc.subscribe(subject, { callback: (_error, msg) => void said.push(msg.json()) });
    await mend('stop-task', { task: 'stopped-task' });
    await until('the cancel', () => said.some(({ task, reason }) => task === 'stopped-task' && reason !== undefined));
    await undoAct(bus, 'back-stop-task', 'ada');
    await until('the order to decide it anew', () =>
      said.some(({ task, answer, by }) => task === 'stopped-task' && answer === 'retry' && by === 'ada'),
    );

    const folder = await mkdtemp(join(tmpdir(), 'cortex-model-'));
    const registry = await openModelRegistry(bus, { keys: join(folder, 'keys') });
    const model = join(folder, 'model');
    await mkdir(model);
    for (const content of ['one', 'two']) {
      await writeFile(join(model, 'model.txt'), content);
      await registry.publish('router', model, { by: 'test' });
    }
    const who = { by: 'test', reason: 'for the test' };
    await registry.setAliases('router', { champion: 'router@1' }, who);
    await registry.setAliases('router', { challenger: 'router@2', share: 0.2 }, who);
    await mend('lower-challenger', { family: 'router' });
    expect((await registry.aliases('router')).share).toBeCloseTo(0.1);
    await undoAct(bus, 'back-lower-challenger', 'ada');
    expect((await registry.aliases('router')).share).toBeCloseTo(0.2);
    await rm(folder, { recursive: true });
    end();
    await masters.close();
  }, 30_000);

  it('are only said in a dry run', async () => {
    const bus = await suite.connect();
    const masters = await openMasters(bus);
    for (const name of ['dry', 'other', 'more']) await masters.put({ name });
    const actions = actionsOf(bus);
    const watchdog = await runActor(watchdogActor({ ...QUICK, mode: 'dry-run' }), await suite.connect(), {
      log: silentLogger,
    });
    for (let i = 0; i < 40; i++) await lived(bus, `dry-good-${i}`, 'dry', true);
    for (let i = 0; i < 16; i++) await lived(bus, `dry-bad-${i}`, 'dry', false);
    await until('the word', () => actions.find((a) => a.kind === 'pause-master' && a.target === 'master:dry'));
    expect(actions.every((a) => a.target !== 'master:dry' || a.state === 'dry-run')).toBe(true);
    expect(masters.find('dry')?.status).toBe('active');
    await watchdog.drain();
    await masters.close();
  }, 60_000);
});

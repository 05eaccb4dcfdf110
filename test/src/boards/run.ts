// A real system in which everything the boards ask for happens: tasks that go well, badly, astray and nowhere, a language model, a trial of a model,
// a training that fails, an alert. One process, so that one scrape sees it all.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { coordinatorActor } from '@cortex/actor-coordinator';
import { deployerActor } from '@cortex/actor-deployer';
import { predictorActor } from '@cortex/actor-predictor';
import { recorderActor } from '@cortex/actor-recorder';
import { routerActor } from '@cortex/actor-router';
import { trainerActor } from '@cortex/actor-trainer';
import { watchdogActor } from '@cortex/actor-watchdog';
import { type JobResult, type RunningWorker, runLlmWorker, worker } from '@cortex/actor-worker';
import {
  type ActorDefinition,
  actorsHere,
  type Bus,
  type Monitor,
  openMasters,
  openModelRegistry,
  publish,
  type RunningActor,
  runActor,
  silentLogger,
  startMonitor,
  startTelemetry,
  taskLog,
} from '@cortex/bus';
import { type Suite, until } from '@cortex/bus/testing';
import { savePredictor, trainPredictor } from '@cortex/models';
import { decodeMessage, EVENT_TYPES, type LogRecord, type LogStep, logRecordSchema } from '@cortex/schemas';
import { readingBrain } from '../llm/brain.js';
import { startOpenAi } from '../llm/openai-server.js';
import { noContext } from '../llm/stage.js';

export interface Run {
  readonly monitor: Monitor;
  /** Lets everything happen once more, and waits until it has. */
  round(): Promise<void>;
  stop(): Promise<void>;
}

/** Security is quick and succeeds, development is slow and mostly fails. */
const HISTORY = Array.from({ length: 120 }, (_, i) => {
  const security = i % 2 === 0;
  return {
    text: `${security ? 'look at CVE' : 'implement a form'} number ${i}`,
    master: security ? 'security' : 'development',
    at: Date.UTC(2026, 0, 1) + i * 3_600_000,
    success: security || i % 10 === 1 ? 1 : 0,
    minutes: (security ? 5 : 60) + (i % 7),
    tokens: (security ? 900 : 9_000) + 10 * (i % 5),
  };
});
/** Judged tasks of the model on trial a round: two rounds make the deployer's baseline, and more. */
const TRIAL_ROWS = 15;

export async function startRun(suite: Suite): Promise<Run> {
  const folder = await mkdtemp(join(tmpdir(), 'cortex-boards-'));
  const telemetry = await startTelemetry({ service: 'cortex' });
  const monitor = await startMonitor({
    actor: 'everything',
    at: { host: '127.0.0.1', port: 0, exact: true },
    parts: actorsHere,
    metricsText: telemetry.metricsText,
    targets: () => [],
  });
  if (!monitor) throw new Error('the monitor is off');
  const bus = await suite.connect();
  const registry = await openMasters(bus);
  await registry.put({ name: 'security', description: 'security', patterns: ['CVE-\\d+'] });
  await registry.put({ name: 'development', description: 'development' });
  await registry.close();
  await savePredictor(await trainPredictor(HISTORY, { seed: 1 }), join(folder, 'predictor', 'current'), {
    rows: HISTORY,
  });

  const actors: RunningActor[] = [];
  const definitions: ActorDefinition[] = [
    routerActor({ encoder: 'none', cache_folder: join(folder, 'cache') }),
    predictorActor({ encoder: 'none', model_folder: join(folder, 'predictor', 'current') }),
    coordinatorActor({}),
    recorderActor({ folder: join(folder, 'training-data'), encoder: 'none' }),
    trainerActor({
      models: join(folder, 'models'),
      keys: join(folder, 'keys'),
      encoder: 'none',
      schedules: [],
      volume: 0,
      mlflow: '',
    }),
    deployerActor({ families: ['router'], outcome_age_ms: 100, baseline_units: 20 }),
    watchdogActor({ backlogMs: 2_000, mode: 'watch' }),
  ];
  for (const definition of definitions)
    actors.push(await runActor(definition, await suite.connect({ name: definition.name }), { log: silentLogger }));
  const server = await startOpenAi(readingBrain);
  const workers: RunningWorker[] = [
    await worker({ master: 'security', bus: await suite.connect({ name: 'worker' }), log: silentLogger, handle: done }),
    await runLlmWorker({
      master: 'development',
      bus: await suite.connect({ name: 'llm' }),
      log: silentLogger,
      pollMinMs: 100,
      context: noContext,
      llm: { baseUrl: server.url, model: 'scripted-1', cache: false, price: { input: 1, output: 2 } },
    }),
  ];
  // Steps as the server repeats them: waiting must not cost the system under test anything.
  const seen = new Map<string, LogRecord>();
  bus.nc.subscribe(`${bus.subjects.prefix}.live.>`, {
    callback(error, message) {
      if (error) return;
      const record = decodeMessage('log record', logRecordSchema, message.data);
      seen.set(record.task.id, record);
    },
  });
  const trial = await startTrial(bus, folder);
  let rounds = 0;
  return {
    monitor,
    async round() {
      const n = ++rounds;
      await tasks(bus, seen, n);
      await trial(n);
      await trouble(bus, n);
    },
    async stop() {
      await Promise.all(workers.map((one) => one.stop(500)));
      for (const actor of actors.reverse()) await actor.drain(2_000);
      await server.close();
      await monitor.close();
      await telemetry.shutdown();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What the worker of `security` says of its tasks: by the last figure of their number. */
function done({ task }: { task: { id: string } }): JobResult {
  const n = Number(task.id.split('-').at(-1));
  return {
    success: n % 4 !== 3,
    minutes: 4 + n,
    tokens: 800 + 50 * n,
    cost_usd: 0.01,
    quality: 0.8,
    prompt: `scan@${1 + (n % 2)}`,
    ...(n === 0 ? { correct_master: 'development' } : {}),
  };
}

async function tasks(bus: Bus, seen: ReadonlyMap<string, LogRecord>, round: number): Promise<void> {
  const submit = (id: string, text: string, more = {}) =>
    publish(bus, bus.subjects.submit, { id, text, ...more }, { type: EVENT_TYPES.taskSubmit, id });
  const reached = async (id: string, step: LogStep) => {
    await until(`${id} to be ${step}`, () => seen.get(id)?.step === step, 120_000).catch((cause) => {
      throw new Error(`${id} is ${seen.get(id)?.step ?? 'unknown'}, not ${step}`, { cause });
    });
  };
  const mine = Array.from({ length: 4 }, (_, n) => `scan-${round}-${n}`);
  for (const [n, id] of mine.entries()) await submit(id, `look at CVE-2026-${1000 * round + n}`);
  await submit(`llm-${round}`, 'How often retries the upload service a failed chunk?', { master: 'development' });
  const unsure = `unsure-${round}`;
  await submit(unsure, 'zzz qqq vvv');
  await until('the question', () => seen.get(unsure)?.decision?.review, 60_000);
  const answer = { task: unsure, master: 'security', by: 'a person', review: `route-${unsure}` };
  await publish(bus, bus.subjects.reviewsAnswered, answer, {
    type: EVENT_TYPES.reviewAnswered,
    id: `answer-${unsure}`,
  });
  for (const id of [...mine, `llm-${round}`, unsure]) await reached(id, 'settled');
  // A person says later that one of them belonged elsewhere.
  const late = { task: mine[1], master: 'development', by: 'a person' };
  await publish(bus, bus.subjects.reviewsAnswered, late, { type: EVENT_TYPES.reviewAnswered, id: `late-${mine[1]}` });
  await reached(mine[1] ?? '', 'corrected');
}

/** Rubbish, a claim for nobody's task, a worker whose clock is wrong, a training of what nobody can train. */
async function trouble(bus: Bus, round: number): Promise<void> {
  await bus.js.publish(bus.subjects.submit, `{"id": 7, round ${round}`);
  const claim = { task: `nobody-${round}`, status: 'completed' };
  await publish(bus, bus.subjects.outcome('security'), claim, { type: EVENT_TYPES.outcome, id: `claim-${round}` });
  for (let beat = 0; beat < 6; beat++) {
    const at = new Date(Date.now() - 3_600_000).toISOString();
    const telemetry = { worker: 'late-clock', master: 'security', at, status: 'idle', gauges: {} };
    await publish(bus, bus.subjects.telemetry('late-clock'), telemetry, { type: EVENT_TYPES.telemetry });
  }
  const job = {
    id: `job-${round}`,
    family: 'forecast',
    reason: 'a test',
    requested_by: 'a person',
    at: new Date().toISOString(),
  };
  await publish(bus, bus.subjects.job('train'), job, { type: EVENT_TYPES.job, id: job.id });
}

/** Two versions in the registry, the second one on trial; each round appends decided tasks of which both said something. */
async function startTrial(bus: Bus, folder: string): Promise<(round: number) => Promise<void>> {
  const models = await openModelRegistry(bus, { keys: join(folder, 'keys') });
  const version = async (weights: string) => {
    const path = join(folder, `version-${weights}`);
    await mkdir(path);
    await writeFile(join(path, 'weights'), weights);
    return (await models.publish('router', path, { by: 'test', metrics: { accuracy: 0.9, ece: 0.02 } })).name;
  };
  const first = await version('one');
  await models.setAliases('router', { champion: first }, { by: 'test', reason: 'the first' });
  const second = await version('two');
  await until('the trial', async () => (await models.aliases('router')).shadow === second, 30_000);
  const log = taskLog(bus);
  return async (round) => {
    for (let n = 0; n < TRIAL_ROWS; n++) {
      const id = `trial-${round}-${n}`;
      // Masters without workers: nobody is to do these.
      const master = n % 3 === 0 ? 'worse' : 'better';
      const decision = {
        task: id,
        master,
        confidence: 0.7,
        probabilities: { [master]: 0.7 },
        experts: [],
        method: 'ensemble' as const,
        propensity: 1,
        candidates: [],
        models: { router: first },
        arm: 'champion' as const,
        assigned: 'champion' as const,
        others: [
          { arm: 'shadow' as const, model: second, master: 'better', confidence: 0.8, abstain: false, latency_ms: 2 },
        ],
        explanation: [],
        latency_ms: 3,
        decided_at: new Date().toISOString(),
      };
      const task = { id, priority: 'low' as const, text: `trial ${n}` };
      const decided = await log.append(
        id,
        { step: 'decided', task, decision, decided_revision: 1 },
        master,
        'low',
        undefined,
      );
      const outcome = { task: id, status: 'completed' as const, success: master === 'better' };
      const correction = { master: 'better' };
      await log.append(
        id,
        { step: 'settled', task, decision, decided_revision: 1, outcome, correction, settled_as: 'settled' },
        master,
        'low',
        decided,
      );
    }
  };
}

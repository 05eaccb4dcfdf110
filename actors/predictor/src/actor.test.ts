import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createAsker,
  NobodyServes,
  type Presence,
  type RunningActor,
  runActor,
  silentLogger,
  taskLog,
  watchPresence,
} from '@cortex/bus';
import { describeOnServer, until } from '@cortex/bus/testing';
import { savePredictor, trainPredictor } from '@cortex/models';
import { predictAnswerSchema } from '@cortex/schemas';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { predictorActor } from './actor.js';
import { gaugesByMaster, queriesOf } from './answer.js';
import { rowOf } from './outcomes.js';

const task = {
  id: 't',
  priority: 'high' as const,
  text: 'rotate the leaked key of the payments service',
  source: 'github',
};

/** Security is quick and succeeds, development is slow and mostly fails. */
const history = Array.from({ length: 120 }, (_, i) => {
  const security = i % 2 === 0;
  return {
    text: `${security ? 'rotate a leaked key' : 'implement a form'} number ${i}`,
    master: security ? 'security' : 'development',
    at: Date.UTC(2026, 0, 1) + i * 3_600_000,
    success: security || i % 10 === 1 ? 1 : 0,
    minutes: (security ? 5 : 60) + (i % 7),
    tokens: (security ? 900 : 9_000) + 10 * (i % 5),
  };
});

describeOnServer('the predictor', (suite) => {
  let folder: string;
  let actor: RunningActor;
  const refused: string[] = [];
  let presence: Presence;
  let ask: (masters: string[]) => Promise<ReturnType<typeof predictAnswerSchema.parse>>;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cortex-predictor-'));
    actor = await runActor(
      predictorActor({ encoder: 'none', model_folder: join(folder, 'current') }),
      await suite.connect({ name: 'predictor' }),
      { log: { ...silentLogger, error: (message, fields) => void refused.push(`${message}: ${fields?.reason}`) } },
    );
    const bus = await suite.connect();
    presence = watchPresence(bus);
    const asker = createAsker(bus, presence);
    await until('the predictor', () => presence.list().some((p) => p.actor === 'predictor'));
    ask = (masters) => asker.ask('predictor', { task, masters }, predictAnswerSchema, Date.now() + 10_000);
  });
  afterAll(async () => {
    await actor.drain();
    await rm(folder, { recursive: true, force: true });
  });

  it('says without a model what is missing, and that nobody needs to ask', async () => {
    expect(actor.detail()).toMatch(/no trained predictor/);
    await until('it to have said so', () => !presence.answers('predictor'));
    await expect(ask(['security'])).rejects.toBeInstanceOf(NobodyServes);
  });

  it('takes a trained model up live and tells the masters apart', async () => {
    const predictor = await trainPredictor(history, { seed: 1 });
    await savePredictor(predictor, join(folder, 'current'), { rows: history });
    await until('the model to serve', () => actor.state() === 'ready' && presence.answers('predictor'));
    const { predictions, models } = await ask(['security', 'development']);
    expect(models).toMatchObject({ success: 'predictor@1', minutes: 'predictor@1' });
    const { security, development } = predictions;
    expect(security?.success ?? 0).toBeGreaterThan((development?.success ?? 1) + 0.3);
    expect(security?.minutes?.p50).toBeLessThan(development?.minutes?.p50 ?? 0);
    expect(security?.minutes?.p90).toBeGreaterThanOrEqual(security?.minutes?.p50 ?? 0);
    expect(development?.tokens?.p50).toBeGreaterThan(security?.tokens?.p50 ?? Number.POSITIVE_INFINITY);
  });

  it('follows a master that has a bad day, from outcomes as they are settled', async () => {
    const bus = await suite.connect();
    const log = taskLog(bus);
    const before = (await ask(['security'])).predictions.security;
    for (let i = 0; i < 30; i++) {
      const id = `bad-day-${i}`;
      const task = { id, priority: 'high' as const };
      const decision = {
        task: id,
        master: 'security',
        confidence: 1,
        probabilities: {},
        experts: [],
        method: 'ensemble' as const,
        propensity: 1,
        candidates: [],
        models: {},
        arm: 'champion' as const,
        explanation: [],
        latency_ms: 1,
        decided_at: new Date().toISOString(),
      };
      await log.append(
        id,
        {
          step: 'settled',
          task,
          decision,
          outcome: { task: id, status: 'failed', success: false, minutes: 300 },
          settled_as: 'settled',
        },
        'security',
        'high',
        undefined,
      );
    }
    await until('the predictions to follow', async () => {
      const after = (await ask(['security'])).predictions.security;
      return (after?.success ?? 1) < (before?.success ?? 0) || (after?.minutes?.p90 ?? 0) > (before?.minutes?.p90 ?? 0);
    });
  });

  it('keeps serving when what comes next cannot be trusted, and answers rubbish with an error', async () => {
    await writeFile(join(folder, 'current', 'manifest.json'), '{"kind":"cortex-predictor"}');
    await until(
      'the bad model to be looked at',
      async () => (await ask(['security'])).models.success === 'predictor@1',
    );
    await expect(ask([])).rejects.toThrow(/masters/);
  });
});

it('averages live gauges per master, under names of their own', async () => {
  const at = '2026-01-01T00:00:00Z';
  const live = gaugesByMaster([
    { worker: 'a', master: 'security', at, status: 'busy', gauges: { cpu: 0.2 } },
    { worker: 'b', master: 'security', at, status: 'idle', gauges: { cpu: 0.6 } },
  ]);
  const [query] = queriesOf({ task, masters: ['security'] }, live);
  expect(query?.features).toMatchObject({ source: 'github', priority: 'high', live_cpu: 0.4 });
  expect(query?.features).not.toHaveProperty('id');
});

it('learns nothing from work that was given up or cancelled', () => {
  const record = {
    record: 'r',
    step: 'settled' as const,
    revision: 2,
    at: '2026-01-01T00:00:00Z',
    by: 'c',
    task: { id: 't', priority: 'high' as const },
  };
  expect(rowOf({ ...record, outcome: { task: 't', status: 'failed', worker: 'cortex' } })).toBeUndefined();
  expect(rowOf({ ...record, outcome: { task: 't', status: 'cancelled' } })).toBeUndefined();
});

// What the masters do at this very moment decides: a network that learned from histories is asked with those of the log.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { taskLog, testServerBinary, until } from '@cortex/bus';
import {
  type Encoder,
  type Histories,
  loadEncoder,
  type MoeModel,
  NeuralExpert,
  saveServedRouter,
  seededRandom,
  serveMoe,
  type TrainingRow,
  trainMoe,
  trainRouter,
} from '@cortex/models';
import type { Decision } from '@cortex/schemas';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { best, type Stage, stage } from './testing/stage.js';

const folderOfEncoder = process.env.CORTEX_ENCODER ?? join(homedir(), '.cache', 'cortex', 'encoders', 'minilm-l6-int8');
const missing = existsSync(join(folderOfEncoder, 'model.onnx')) ? undefined : `no encoder in ${folderOfEncoder}`;
if (missing !== undefined && process.env.CORTEX_REQUIRE_ALL === '1') throw new Error(missing);
if (missing !== undefined) console.warn(`skipped: ${missing}`);

const TWINS = ['left', 'right'] as const;
type Twin = (typeof TWINS)[number];

/** Both do the same work; whoever has nothing in hand gets it done. */
function rowsOfTwins(): TrainingRow[] {
  const random = seededRandom(2);
  return Array.from({ length: 340 }, (_, i) => {
    const free: Twin = random() < 0.5 ? 'left' : 'right';
    const history: Histories = Object.fromEntries(
      TWINS.map((twin) => [
        twin,
        {
          success: 1,
          load: twin === free ? 0 : 1 + Math.floor(3 * random()),
          freshnessHours: random(),
          tasks: 1 + (i % 20),
        },
      ]),
    );
    return { text: `Print report number ${i}`, label: free, history };
  });
}

/** A router with the network, trained in this process. */
async function trainInto(folder: string, encoder: Encoder): Promise<void> {
  let latest: MoeModel | undefined;
  const model = await trainRouter({
    masters: TWINS.map((name) => ({ name })),
    rows: rowsOfTwins(),
    encoder,
    experts: [
      {
        name: 'neural',
        needsEmbedding: true,
        onTrial: true,
        async make({ vectors = [], target, labels, histories }) {
          const described = await encoder.encode(labels);
          latest = await trainMoe(
            vectors.map((vector, i) => ({
              vector,
              label: labels[target[i] as number] ?? null,
              history: histories?.[i] ?? {},
            })),
            labels.map((name, i) => ({ name, description: described[i] as Float32Array })),
            { fixedEpochs: 3 },
          );
          return NeuralExpert.create(await serveMoe(latest));
        },
      },
    ],
  });
  expect(model.state.notes.join()).toMatch(/neural: kept/);
  await saveServedRouter(model, folder, { model: latest as MoeModel, fingerprint: 'made rows' });
}

describe.skipIf(missing !== undefined || 'missing' in testServerBinary())(
  'a served network that learned from histories',
  { timeout: 240_000 },
  () => {
    let on: Stage;
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'cortex-histories-'));
      const encoder = await loadEncoder(folderOfEncoder);
      await trainInto(folder, encoder).finally(() => encoder.close());
      on = await stage(TWINS.map((name) => ({ name, description: 'Prints reports' })));
    }, 240_000);
    afterAll(async () => {
      await on?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    const give = async (id: string, twin: Twin) => {
      const at = new Date().toISOString();
      const decision: Decision = {
        task: id,
        master: twin,
        confidence: 1,
        probabilities: { [twin]: 1 },
        experts: [],
        method: 'ensemble',
        propensity: 1,
        candidates: [twin],
        models: {},
        arm: 'champion',
        explanation: [],
        latency_ms: 1,
        decided_at: at,
      };
      const log = taskLog(on.bus);
      const decided = await log.append(
        id,
        { step: 'decided', task: { id, priority: 'medium', text: `Print ${id}` }, decision },
        twin,
        'medium',
        undefined,
      );
      return () =>
        log.append(
          id,
          {
            step: 'settled',
            task: { id, priority: 'medium' },
            decision,
            outcome: { task: id, status: 'completed', success: true, worker: `${twin}-1` },
            settled_as: 'settled',
          },
          twin,
          'medium',
          decided,
        );
    };
    const text = 'Print the report of the year';
    const chosen = (twin: Twin) => until(`${twin} to be chosen`, async () => best(await on.ask(text)) === twin, 60_000);

    it('sends the same text to whoever is free, as the log shows it, and does not answer from memory', async () => {
      const router = await on.router({ encoder: folderOfEncoder, model_folder: folder });
      await until('everything is read', () => router.state() === 'ready', 120_000);
      for (const twin of TWINS) await (await give(`${twin}-first`, twin))();
      const inHand = [await give('a', 'left'), await give('b', 'left'), await give('c', 'left')];
      await chosen('right');
      for (const finish of inHand) await finish();
      for (const id of ['d', 'e', 'f']) await give(id, 'right');
      await chosen('left');
      await router.drain(2_000);
    });

    it('knows after a restart what happened before it', async () => {
      const router = await on.router({ encoder: folderOfEncoder, model_folder: folder });
      await until('everything is read', () => router.state() === 'ready', 120_000);
      await chosen('left');
      await router.drain(2_000);
    });
  },
);

import { InferenceSession } from 'onnxruntime-node';
import { beforeAll, describe, expect, it } from 'vitest';
import { type BackendChoice, chooseBackend, toTensors } from '../backend/index.js';
import { seededRandom } from '../metrics/index.js';
import { SESSION_OPTIONS } from '../onnx/index.js';
import { exportMoe } from './export.js';
import { HISTORY_WIDTH, writeHistory } from './history.js';
import { forward, WIDTH } from './network.js';
import { describedTensor } from './rows.js';
import { syntheticMasters, syntheticRows, unitVector } from './rows-for-tests.js';
import { MoeSession } from './session.js';
import { trainMoe } from './train.js';
import type { MoeMaster, MoeModel } from './types.js';

const D = 24;
const OUTPUTS = ['logits', 'probabilities', 'success', 'confidence'] as const;
let backend: BackendChoice;
let model: MoeModel;
let served: MoeSession;

beforeAll(async () => {
  backend = await chooseBackend();
  const masters = syntheticMasters(6, D);
  const random = seededRandom(5);
  const rows = syntheticRows(masters, 25).map((row) => ({
    ...row,
    outcome: { master: row.label as string, success: row.vector[0]! > 0 },
    history: { [row.label as string]: { success: random(), minutes: 100 * random(), load: random() } },
  }));
  model = await trainMoe(rows, masters, { epochs: 4, batch: 64 }, backend);
  served = new MoeSession(await InferenceSession.create(exportMoe(model), SESSION_OPTIONS), D);
});

/** The masters' learned rows; the newcomers' for those the network never saw. */
function learnedOf(masters: readonly MoeMaster[]): Float32Array {
  const width = WIDTH.task + 1;
  const values = new Float32Array(masters.length * width);
  masters.forEach(({ name }, i) => {
    const at = model.masters.findIndex((known) => known.name === name);
    const row = at >= 0 ? model.learned.values.subarray(at * width, (at + 1) * width) : model.weights.newcomer!.values;
    values.set(row, i * width);
  });
  return values;
}

function question(batch: number, count: number, historyRows: number) {
  const random = seededRandom(100 * batch + count);
  const seen = model.masters.slice(0, Math.min(count, 4));
  const masters = [
    ...seen,
    ...syntheticMasters(count - seen.length, D, 77).map((m) => ({ ...m, name: `new-${m.name}` })),
  ];
  const history = new Float32Array(historyRows * count * HISTORY_WIDTH);
  for (let i = 0; i < historyRows * count; i += 2) {
    writeHistory(history, i * HISTORY_WIDTH, { success: random(), tokens: 5000 * random(), freshnessHours: 9 });
  }
  const tasks = Float32Array.from({ length: batch }).fill(0);
  const task = new Float32Array(batch * D);
  tasks.forEach((_, i) => {
    task.set(unitVector(D, random), i * D);
  });
  return { masters, history, task };
}

async function byOnnx(batch: number, count: number, historyRows: number): Promise<Float32Array[]> {
  const { masters, history, task } = question(batch, count, historyRows);
  const described = new Float32Array(count * D);
  masters.forEach((m, i) => {
    described.set(m.description, i * D);
  });
  const encoded = await served.encodeMasters(described, learnedOf(masters), count);
  const answers = await served.ask(task, batch, encoded, history);
  return OUTPUTS.map((name) => answers[name]);
}

function byTensorFlow(batch: number, count: number, historyRows: number): number[][] {
  const { tf } = backend;
  const { masters, history, task } = question(batch, count, historyRows);
  return tf.tidy(() => {
    const out = forward(tf, toTensors(tf, model.weights), {
      task: tf.tensor2d(task, [batch, D]),
      described: describedTensor(tf, masters, D),
      learned: tf.tensor2d(learnedOf(masters), [count, WIDTH.task + 1]),
      history: tf.tensor3d(history, [historyRows, count, HISTORY_WIDTH]),
    });
    const tensors = [out.logits, tf.softmax(out.logits), tf.sigmoid(out.success), tf.sigmoid(out.confidence)];
    return tensors.map((t) => Array.from(t.dataSync()));
  });
}

describe('the exported network', () => {
  it.each([
    { batch: 1, masters: 6, historyRows: 1 },
    { batch: 1, masters: 1, historyRows: 1 },
    { batch: 7, masters: 3, historyRows: 7 },
    { batch: 32, masters: 9, historyRows: 1 },
    { batch: 5, masters: 150, historyRows: 5 },
  ])('answers as TensorFlow.js does, seen and unseen masters alike: %o', async ({ batch, masters, historyRows }) => {
    const expected = byTensorFlow(batch, masters, historyRows);
    const found = await byOnnx(batch, masters, historyRows);
    OUTPUTS.forEach((_, k) => {
      expect(found[k]).toHaveLength(expected[k]!.length);
      const difference = expected[k]!.reduce((most, value, i) => Math.max(most, Math.abs(value - found[k]![i]!)), 0);
      expect(difference).toBeLessThanOrEqual(1e-4);
    });
  });

  it('takes masters encoded at different times together', async () => {
    const { masters, history, task } = question(3, 8, 1);
    const learned = learnedOf(masters);
    const encode = async (from: number, to: number) => {
      const described = new Float32Array((to - from) * D);
      masters.slice(from, to).forEach((m, i) => {
        described.set(m.description, i * D);
      });
      return served.encodeMasters(described, learned.slice(from * 513, to * 513), to - from);
    };
    const together = await served.ask(task, 3, await encode(0, 8), history);
    const apart = Float32Array.from([...(await encode(0, 5)), ...(await encode(5, 8))]);
    const answers = await served.ask(task, 3, apart, history);
    answers.probabilities.forEach((p, i) => {
      expect(p).toBeCloseTo(together.probabilities[i]!, 5);
    });
  });

  it('carries the masters it was trained with', async () => {
    const known = await served.knownMasters();
    expect(known.count).toBe(6);
    expect(Array.from(known.learned)).toEqual(Array.from(model.learned.values));
    expect(Array.from(known.described.slice(0, D))).toEqual(Array.from(model.masters[0]!.description));
  });
});

// Where only what the masters did lately tells who is right: the network learns it, earns its place by it, and is asked with it.
import { beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../metrics/index.js';
import { type RouterModel, type TrainingRow, trainRouter } from '../router/index.js';
import type { Histories } from '../track-record/index.js';
import { neuralMaker } from './maker.js';
import { unitVector } from './rows-for-tests.js';

const D = 12;
const random = seededRandom(4);
const directions = new Map<string, Float32Array>();
/** A direction of its own for every text: the words say nothing of who is right. */
const encoder = {
  id: 'directions',
  dimensions: D,
  encode: async (texts: readonly string[]) =>
    texts.map((text) => {
      const known = directions.get(text) ?? unitVector(D, random);
      directions.set(text, known);
      return known;
    }),
  close: async () => undefined,
};
const busy = (name: string): Histories =>
  Object.fromEntries(
    ['left', 'right'].map((twin) => [
      twin,
      { success: 0.8, load: twin === name ? 4 : 0, tasks: 20, freshnessHours: 1 },
    ]),
  );
/** Twins that do the same work: whoever has nothing in hand gets it done. */
const rows = Array.from({ length: 320 }, (_, i): TrainingRow => {
  const free = random() < 0.5 ? 'left' : 'right';
  return { text: `task ${i} ${'abcdef'[i % 6]}`, label: free, history: busy(free === 'left' ? 'right' : 'left') };
});

describe('a network among the voices', { timeout: 240_000 }, () => {
  let model: RouterModel;
  const train = (given: readonly TrainingRow[]) =>
    trainRouter({
      masters: [],
      rows: given,
      encoder,
      seed: 1,
      experts: [
        neuralMaker({
          describe: (labels) => encoder.encode(labels),
          training: { epochs: 5 },
        }),
      ],
    });
  beforeAll(async () => {
    model = await train(rows);
  }, 240_000);
  const masterOf = async (history?: Histories) => {
    const [result] = await model.route([{ text: 'a task nobody saw', ...(history ? { history } : {}) }], {
      useCascade: false,
    });
    return result;
  };

  it('is kept where histories decide and it alone can read them, and says by how much it helps', () => {
    expect(model.state.notes.join()).toMatch(/neural: kept/);
    expect(model.voices.map(({ name }) => name)).toContain('neural');
    expect(model.state.metrics.neural_gain).toBeGreaterThan(0.3);
    expect(model.state.metrics.full_accuracy).toBeGreaterThan(0.95);
    expect(model.readsHistories).toBe(true);
  });

  it('answers by the history of the moment asked about, else by the live one', async () => {
    expect((await masterOf(busy('left')))?.master).toBe('right');
    expect((await masterOf(busy('right')))?.master).toBe('left');
    let who = 'left';
    model.follow(() => busy(who));
    expect((await masterOf())?.master).toBe('right');
    who = 'right';
    expect((await masterOf())?.master).toBe('left');
  });

  it('is left out where it cannot help, and the router does without it', async () => {
    const plain = await train(rows.map(({ text, label }) => ({ text, label })));
    expect(plain.voices.map(({ name }) => name)).not.toContain('neural');
    expect(plain.state.notes.join()).toMatch(/neural: left out/);
    expect(plain.readsHistories).toBe(false);
    const [result] = await plain.route([{ text: 'a task nobody saw' }]);
    expect(result?.master).toMatch(/left|right/);
  });
});

// The network as a voice of a trained router: saved beside it, loaded with it, and refused with it.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Encoder, loadEncoder, loadServedRouter } from '@cortex/models';
import type { Master } from '@cortex/schemas';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TrainingFacts } from './facts.js';
import { trainRouterInto } from './train-family.js';

const folderOfEncoder = process.env.CORTEX_ENCODER;
const skip = !folderOfEncoder;
if (skip && process.env.CORTEX_REQUIRE_ALL === '1') throw new Error('no encoder: CORTEX_ENCODER is not set');

const master = (name: string, description: string): Master => ({
  name,
  description,
  examples: [],
  keywords: [],
  patterns: [],
  aliases: [],
  capabilities: [],
  limits: {},
  status: 'active',
});
const MASTERS = [
  master('kitchen', 'Cooking, recipes and food'),
  master('garden', 'Plants, soil and watering'),
  master('garage', 'Cars and bicycles'),
];
const WORDS: Record<string, string[]> = {
  kitchen: ['bake bread', 'boil pasta', 'season the soup', 'chop onions', 'whisk eggs'],
  garden: ['prune roses', 'water tomatoes', 'mow the lawn', 'plant bulbs', 'rake leaves'],
  garage: ['change the tyres', 'fix the brakes', 'oil the chain', 'charge the battery', 'wash the car'],
};
const ROWS = Object.entries(WORDS).flatMap(([label, phrases]) =>
  phrases.flatMap((phrase) =>
    ['please', 'can somebody', 'today we must', 'who will', 'remember to', 'next: '].map((start) => ({
      text: `${start} ${phrase}`,
      label,
    })),
  ),
);

describe.skipIf(skip)('a router with the network in it', { timeout: 240_000 }, () => {
  let folder: string;
  let encoder: Encoder;
  let facts: TrainingFacts;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cortex-neural-'));
    encoder = await loadEncoder(folderOfEncoder as string);
    facts = await trainRouterInto(MASTERS, ROWS, { folder, encoder, seed: 1, neural: 'always' });
  }, 240_000);
  afterAll(async () => {
    await encoder?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('hears it beside the others, after a restart too', async () => {
    const router = await loadServedRouter(folder, encoder);
    const [result] = await router.route([{ text: 'somebody should repair the bicycle' }], { useCascade: false });
    expect(result?.master).toBe('garage');
    const vote = result?.experts.find((e) => e.name === 'neural');
    expect(vote).toMatchObject({ abstained: false });
    expect(Object.values(vote?.probabilities ?? {}).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 3);
  });

  it('keeps how it learned: its loss by epoch', () => {
    const { loss = [] } = facts.curves ?? {};
    expect(loss.map(([epoch]) => epoch)).toEqual(loss.map((_, i) => i + 1));
    expect(loss.length).toBeGreaterThan(2);
    expect(loss.at(-1)?.[1]).toBeLessThan(loss[0]?.[1] ?? 0);
  });

  it('refuses the whole router by name when one bit of the network was changed', async () => {
    const neural = join(folder, 'neural');
    const file = join(neural, (await readdir(neural)).find((name) => name.endsWith('.onnx')) ?? '');
    const whole = await readFile(file);
    const bad = Buffer.from(whole);
    bad[bad.length >> 1] = (bad[bad.length >> 1] ?? 0) ^ 1;
    await writeFile(file, bad);
    await expect(loadServedRouter(folder, encoder)).rejects.toThrow(/onnx.*sha256|sha256/i);
    await writeFile(file, whole);
    await expect(loadServedRouter(folder, encoder)).resolves.toBeDefined();
  });
});

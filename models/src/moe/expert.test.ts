import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { seededRandom } from '../metrics/index.js';
import { MasterUndescribedError, NeuralExpert } from './expert.js';
import { fingerprintRows, loadMoe, type ServedMoe, saveMoe } from './model-folder.js';
import { syntheticMasters, syntheticRows, unitVector } from './rows-for-tests.js';
import { trainMoe } from './train.js';
import type { MoeRow } from './types.js';

const D = 32;
const masters = syntheticMasters(8, D);
const seen = masters.slice(0, 7);
const unseen = masters[7]!;
let folder: string;
let model: ServedMoe;
let expert: NeuralExpert;

const query = (vector: Float32Array) => ({ text: 'a task', embedding: vector });
const near = (i: number, seed = 3) => unitVector(D, seededRandom(seed), masters[i]!.description, 0.5);
const top = (probabilities: Record<string, number>) =>
  Object.entries(probabilities).sort((a, b) => b[1] - a[1])[0]?.[0];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cortex-moe-'));
  // Whoever has more than half its places taken fails.
  const random = seededRandom(11);
  const rows: MoeRow[] = syntheticRows(seen, 40, 0.7).map((row) => {
    const load = random();
    const name = row.label as string;
    return {
      ...row,
      outcome: { master: name, success: load < 0.5 },
      history: { [name]: { load } },
    };
  });
  const trained = await trainMoe(rows, seen, { batch: 32, refit: false });
  await saveMoe(folder, trained, { encoder: 'synthetic', fingerprint: fingerprintRows(rows) });
  model = await loadMoe(folder, { encoder: 'synthetic' });
});

beforeEach(async () => {
  expert = await NeuralExpert.create(model);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the neural expert', () => {
  it('votes for the master whose kind of task it is, with odds that sum to 1', async () => {
    const votes = await expert.vote(seen.map((_, i) => query(near(i))));
    expect(votes.map((vote) => top(vote.probabilities))).toEqual(seen.map((m) => m.name));
    for (const vote of votes) {
      expect(vote.abstained).toBe(false);
      expect(Object.values(vote.probabilities).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 4);
    }
  });

  it('chooses a master that registered a minute ago with only a description', async () => {
    await expert.addMaster({ name: 'newcomer', description: unseen.description });
    const [vote, other] = await expert.vote([query(near(7)), query(near(2))]);
    expect(top(vote!.probabilities)).toBe('newcomer');
    expect(vote!.evidence.join()).toContain('never seen in training');
    expect(top(other!.probabilities)).toBe('master-2');
  });

  it('never votes for a removed master, not even in a vote that was under way', async () => {
    const underWay = expert.vote([query(near(2))]);
    expert.removeMaster('master-2');
    for (const [vote] of [await underWay, await expert.vote([query(near(2))])]) {
      expect(Object.keys(vote!.probabilities)).not.toContain('master-2');
      expect(Object.values(vote!.probabilities).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 4);
    }
  });

  it('does not bring back a master that was removed while masters were being set', async () => {
    const adding = expert.addMaster({ name: 'newcomer', description: unseen.description });
    expert.removeMaster('newcomer');
    await adding;
    expect(expert.masters).not.toContain('newcomer');
    const setting = expert.setMasters(seen);
    expert.removeMaster('master-0');
    await setting;
    expect(expert.masters).toEqual(seen.slice(1).map((m) => m.name));
  });

  it('refuses a new master without a description and leaves the others as they were', async () => {
    await expect(expert.addMaster({ name: 'silent' })).rejects.toBeInstanceOf(MasterUndescribedError);
    await expect(expert.setMasters([{ name: 'x', description: new Float32Array(3) }])).rejects.toThrow(
      /3 numbers, not 32/,
    );
    expect(expert.masters).toEqual(seen.map((m) => m.name));
  });

  it('abstains where it has no vector, a broken one, or no master, and still answers the rest', async () => {
    const broken = new Float32Array(D).fill(Number.NaN);
    const votes = await expert.vote([{ text: 'no vector' }, query(broken), query(near(4))]);
    expect(votes.map((vote) => vote.abstained)).toEqual([true, true, false]);
    expect(top(votes[2]!.probabilities)).toBe('master-4');
    await expert.setMasters([]);
    expect((await expert.vote([query(near(4))]))[0]).toMatchObject({ abstained: true, probabilities: {} });
  });

  it('expects success by the history of each master at the moment', async () => {
    const success = async (load: number) => {
      expert.follow(() => ({ 'master-1': { load } }));
      const [answer] = await expert.answer([near(1)]);
      return answer!.success![answer!.masters.indexOf('master-1')]!;
    };
    expect(await success(0.1)).toBeGreaterThan((await success(0.95)) + 0.4);
  });
});

import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auroc, brierScore, expectedCalibrationError, mean } from '../metrics/index.js';
import { generatedRows } from './generated-rows.test-data.js';
import {
  fingerprintOf,
  loadPredictor,
  type OutcomeRow,
  PredictionDataError,
  type Predictor,
  savePredictor,
  trainPredictor,
} from './index.js';
import { toTypedJson } from './typed-json.js';

const learn = generatedRows(700, 1);
const fresh = generatedRows(700, 2);
const queryOf = ({ text, master, features }: OutcomeRow) => ({ text, master, ...(features && { features }) });

describe('predictor', () => {
  let predictor: Predictor;
  beforeAll(async () => {
    predictor = await trainPredictor(learn, { seed: 3 });
  }, 120_000);

  it('tells success better than the master’s own rate, and its odds come true', () => {
    const said = predictor.predictEmbedded(fresh.map(queryOf)).map((p) => p.success!);
    const truth = fresh.map((row) => row.success!);
    const p = said.map((s) => s.p);
    const base = said.map((s) => s.base_rate);
    expect(auroc(p, truth)).toBeGreaterThan(auroc(base, truth) + 0.15);
    expect(brierScore(p, truth)).toBeLessThan(brierScore(base, truth) - 0.02);
    expect(expectedCalibrationError(p, truth, 10)).toBeLessThan(0.07);
  });

  it('gives a median that beats the usual one, and a bound that nine in ten stay below', () => {
    const said = predictor.predictEmbedded(fresh.map(queryOf)).map((p) => p.minutes!);
    const minutes = fresh.map((row) => row.minutes!);
    const usual = learn.map((row) => row.minutes!).sort((a, b) => a - b)[350]!;
    expect(mean(said.map((s, i) => Math.abs(s.p50 - minutes[i]!)))).toBeLessThan(
      0.7 * mean(minutes.map((m) => Math.abs(usual - m))),
    );
    const covered = mean(said.map((s, i) => Number(minutes[i]! <= s.p90)));
    expect(covered).toBeGreaterThan(0.86);
    expect(covered).toBeLessThan(0.94);
    expect(said.every((s) => s.p90 >= s.p50)).toBe(true);
  });

  it('says "no idea" of an unknown master with nothing near, and not of one it knows', () => {
    const [strange, known] = predictor.predictEmbedded([
      { text: 'Übersetze das Gedicht über die Nachtigall', master: 'poetry' },
      queryOf(fresh[0]!),
    ]);
    expect(strange!.success).toMatchObject({ no_idea: true, evidence: { similar: 0, master_rows: 0 } });
    expect(strange!.success!.p).toBe(strange!.success!.base_rate);
    expect(known!.success!.no_idea).toBe(false);
    expect(known!.success!.evidence.similar).toBeGreaterThan(0);
  });

  it('answers whatever is missing or new: no fields, unknown levels, odd types, empty and huge texts', () => {
    const odd = predictor.predictEmbedded([
      { text: 'Please fix the login page', master: 'security' },
      { text: '', master: 'security', features: { size: 'many', team: { a: 1 }, other: [1, 2] } },
      { text: 'x y '.repeat(8_000), master: '__proto__', at: 0, features: { size: null } },
    ]);
    for (const { success, minutes } of odd) {
      expect(success!.p).toBeGreaterThan(0);
      expect(success!.p).toBeLessThan(1);
      expect(Number.isFinite(minutes!.p90)).toBe(true);
    }
  });

  it('takes security-master for security', () => {
    const [plain, suffixed] = predictor.predictEmbedded(
      ['security', 'security-master'].map((master) => ({ text: fresh[0]!.text, master })),
    );
    expect(suffixed).toEqual(plain);
  });

  it('gives each candidate the same answer alone and in a batch', () => {
    const queries = fresh.slice(0, 30).map(queryOf);
    expect(queries.map((q) => predictor.predictEmbedded([q])[0])).toEqual(predictor.predictEmbedded(queries));
  });

  it('refuses rows too few to learn anything from', async () => {
    await expect(trainPredictor(learn.slice(0, 5))).rejects.toThrow(PredictionDataError);
  });

  describe('in a folder', () => {
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'cortex-predictor-'));
      await savePredictor(predictor, join(folder, 'good'), { rows: learn, metrics: { auroc: 0.7 } });
    });
    afterAll(() => rm(folder, { recursive: true }));
    const spoilt = async (name: string, change: (text: string) => string, file: string) => {
      const copy = join(folder, name);
      await cp(join(folder, 'good'), copy, { recursive: true });
      await writeFile(join(copy, file), change(await readFile(join(copy, file), 'utf8')));
      return loadPredictor(copy);
    };

    it('comes back the same, with a fingerprint of its rows', async () => {
      const loaded = await loadPredictor(join(folder, 'good'));
      const queries = fresh.slice(0, 50).map(queryOf);
      expect(loaded.predictEmbedded(queries)).toEqual(predictor.predictEmbedded(queries));
      const manifest = JSON.parse(await readFile(join(folder, 'good', 'manifest.json'), 'utf8'));
      expect(manifest).toMatchObject({
        fingerprint: fingerprintOf(learn),
        families: ['success', 'minutes'],
        encoder: null,
      });
    });

    it('is refused when a file was changed, cut off, or is gone', async () => {
      const changed = spoilt('a', (text) => text.replace('"rows":700', '"rows":701'), 'success.json');
      await expect(changed).rejects.toMatchObject({ name: 'PredictorFileError', reason: 'tampered' });
      const cut = spoilt('b', (text) => text.slice(0, text.length / 2), 'reader.json');
      await expect(cut).rejects.toMatchObject({ reason: 'unreadable' });
      await cp(join(folder, 'good'), join(folder, 'c'), { recursive: true });
      await rm(join(folder, 'c', 'minutes.json'));
      await expect(loadPredictor(join(folder, 'c'))).rejects.toMatchObject({ reason: 'missing' });
    });

    it('is refused when it holds what is not a number, even with a manifest to match', async () => {
      const nan = Buffer.from(Float32Array.of(Number.NaN).buffer).toString('base64');
      const poison = (text: string) => text.replace(/("\$array":"Float32Array","base64":")[^"]{5}[^"]*/, `$1${nan}`);
      await expect(spoilt('d', poison, 'success.json')).rejects.toMatchObject({ reason: 'not a number' });
    });

    it('is refused when it no longer gives the answers it was saved with', async () => {
      const { createHash } = await import('node:crypto');
      const copy = join(folder, 'e');
      await cp(join(folder, 'good'), copy, { recursive: true });
      const text = (await readFile(join(copy, 'success.json'), 'utf8')).replace(/"overall":0\.\d/, '"overall":0.9');
      await writeFile(join(copy, 'success.json'), text);
      const manifest = JSON.parse(await readFile(join(copy, 'manifest.json'), 'utf8'));
      manifest.files['success.json'] = createHash('sha256').update(text).digest('hex');
      await writeFile(join(copy, 'manifest.json'), JSON.stringify(manifest));
      await expect(loadPredictor(copy)).rejects.toMatchObject({ reason: 'probe failed' });
    });
  });
});

describe('training', () => {
  it('is the same for the same seed', async () => {
    const rows = learn.slice(0, 120);
    const [a, b] = await Promise.all([trainPredictor(rows, { seed: 5 }), trainPredictor(rows, { seed: 5 })]);
    expect(toTypedJson(a.state) === toTypedJson(b.state)).toBe(true);
  });

  it('serves the plain rate and the plain median when outcomes have nothing to do with the task', async () => {
    const shuffled = learn.map((row, i) => ({
      ...row,
      success: learn[(i * 389 + 17) % learn.length]!.success!,
      minutes: learn[(i * 389 + 17) % learn.length]!.minutes!,
    }));
    const predictor = await trainPredictor(shuffled, { seed: 1 });
    expect(predictor.state.success!.serves).toBe('master');
    expect(predictor.state.minutes!.trust).toBe(0);
  });

  it('is not certain because nothing failed yet', async () => {
    const rows = learn.slice(0, 60).map(({ minutes: _, ...row }) => ({ ...row, success: 1 }));
    const predictor = await trainPredictor(rows, { seed: 1 });
    const { p } = predictor.predictEmbedded([queryOf(fresh[0]!)])[0]!.success!;
    expect(p).toBeGreaterThan(0.9);
    expect(p).toBeLessThanOrEqual(1 - 0.5 / 61);
  });

  it('learns from what went before when rows say when they were', async () => {
    const rows = generatedRows(600, 7).map(({ minutes: _, ...row }, i) => ({
      ...row,
      at: i * 60_000,
      success: Number(Math.floor(i / 100) % 2),
    }));
    const predictor = await trainPredictor(rows, { seed: 1 });
    const at = (minute: number) =>
      predictor.predictEmbedded([{ ...queryOf(rows[0]!), at: minute * 60_000 }])[0]!.success!.p;
    expect(at(590)).toBeGreaterThan(0.7);
    expect(at(490)).toBeLessThan(0.3);
    for (let i = 600; i < 640; i++) predictor.observe({ ...rows[i - 600]!, at: i * 60_000, success: 0 });
    expect(at(645)).toBeLessThan(0.3);
  });
});

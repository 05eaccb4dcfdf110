import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fitForecast, openForecast } from '../../forecast/index.js';
import { seededRandom } from '../../metrics/index.js';
import { runEvaluateLoad } from './index.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cortex-load-'));
});
afterAll(() => rm(folder, { recursive: true }));

const START = Date.parse('2026-01-01T00:00:00Z');
/** One row an arrival, so many in each bin of 10 seconds. */
const csv = (counts: ArrayLike<number>) =>
  [
    'at,tokens',
    ...Array.from(counts, (count, t) =>
      Array.from({ length: count }, (_, i) => `${new Date(START + t * 10_000 + i * 20).toISOString()},${i}`),
    ).flat(),
  ].join('\n');
const write = async (name: string, text: string | Uint8Array) => {
  await writeFile(join(folder, name), text);
  return join(folder, name);
};
const random = seededRandom(4);
const daily = Float64Array.from({ length: 480 }, (_, t) =>
  Math.round(30 + 20 * Math.sin((2 * Math.PI * t) / 40) + 6 * (random() + random() - 1)),
);

describe('evaluate load', () => {
  it('has every key of the contract, and beats the last value where there is a season', async () => {
    const series = await write('daily.csv.gz', gzipSync(csv(daily)));
    const document = await runEvaluateLoad({ series, bin: 10, horizon: 4 });
    expect(document.horizons.map(({ ahead }) => ahead)).toEqual([1, 2, 3, 4]);
    for (const scores of [document, ...document.horizons]) {
      expect(scores.wape).toBeLessThan(scores.wape_naive);
      expect(scores.under_share).toBeLessThan(0.2);
      expect(scores.over_ratio).toBeLessThan(0.4);
    }
    expect(document.horizons[3]!.wape).toBeLessThan(0.5 * document.horizons[3]!.wape_naive);
    expect(document).toMatchObject({ wape: document.horizons[0]!.wape, bins: { learned: 240, scored: 240 } });
  });

  it('tells how far it is, stage by stage, with how much of what it has done', async () => {
    const told: { stage: string; share: number; done?: { n: number; unit: string } }[] = [];
    const series = await write('told.csv', csv(daily));
    await runEvaluateLoad({ series, bin: 10, onProgress: (progress) => told.push(progress) });
    const of = (stage: string) => told.filter((one) => one.stage === stage);
    expect([...new Set(told.map(({ stage }) => stage))]).toEqual(['reading', 'learning', 'scoring']);
    for (const stage of ['reading', 'learning']) {
      const shares = of(stage).map(({ share }) => share);
      expect(shares.length).toBeGreaterThan(2);
      expect(shares).toEqual([...shares].sort((a, b) => a - b));
      expect(shares.every((share) => share >= 0 && share < 1)).toBe(true);
    }
    expect(of('reading').at(-1)?.done).toEqual({ n: 12_288, unit: 'arrivals' });
    expect(of('scoring')[0]?.done).toEqual({ n: 0, unit: 'bins' });
  });

  it('counts arrivals in any order, and empty bins as 0', async () => {
    const rows = [5, 195, 15, 12, 100].map((s) => new Date(START + s * 1000).toISOString());
    const document = await runEvaluateLoad({ series: await write('few.csv', ['at', ...rows].join('\n')), bin: 10 });
    expect(document).toMatchObject({ arrivals: 5, most_per_bin: 2, bins: { learned: 10, scored: 10 } });
  });

  it('passes over columns of words, quoted or empty', async () => {
    const rows = [5, 195, 15, 12, 100].map((s) => new Date(START + s * 1000).toISOString());
    const words = ['"one, two"', '', 'gpt', '7', 'x'];
    const text = ['model,at,n', ...rows.map((at, i) => `${words[i]},${at},${i}`)].join('\n');
    const document = await runEvaluateLoad({ series: await write('words.csv', text), bin: 10 });
    expect(document).toMatchObject({ arrivals: 5, most_per_bin: 2 });
  });

  it('gives the known error of the last value', async () => {
    const counts = [...new Array(20).fill(1), 2, 4, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1];
    const document = await runEvaluateLoad({ series: await write('known.csv', csv(counts)), bin: 10 });
    expect(document.wape_naive).toBeCloseTo((1 + 2 + 3) / 24, 12);
  });

  it.each([
    ['a time that is none', 'at,n\n2026-01-01T00:00:00Z,1\nsoon,2', { line: 3, field: 'at' }],
    ['a number that is none', 'at,n\n2026-01-01T00:00:00Z,1\n2026-01-01T00:00:00Z,x', { line: 3, field: 'n' }],
    ['no column at', 'n\n1', { line: 1, field: 'at' }],
    ['a time years away', 'at\n2026-01-01T00:00:00Z\n2050-01-01T00:00:00Z', { line: 3, field: 'at' }],
    ['no arrivals', 'at,n\n', { line: 2 }],
    ['too few bins', 'at\n2026-01-01T00:00:00Z', {}],
  ])('refuses %s by file, line and field', async (_, text, place) => {
    const series = await write('bad.csv', text);
    await expect(runEvaluateLoad({ series, bin: 10 })).rejects.toMatchObject({
      name: 'EvaluateInputError',
      file: series,
      ...place,
    });
  });

  it('refuses a bin, horizon or quantile that makes no sense', async () => {
    const series = await write('some.csv', csv(daily));
    await expect(runEvaluateLoad({ series, bin: 0 })).rejects.toMatchObject({ file: '--bin' });
    await expect(runEvaluateLoad({ series, horizon: 0 })).rejects.toMatchObject({ file: '--horizon' });
    await expect(runEvaluateLoad({ series, quantile: 1 })).rejects.toMatchObject({ file: '--quantile' });
  });
});

describe('a forecast', () => {
  const said = (counts: Float64Array) => {
    const stream = openForecast(JSON.parse(JSON.stringify(fitForecast(daily.slice(0, 240), { horizon: 3 }))));
    return Array.from(counts, (count) => {
      const steps = stream.forecast();
      stream.push(count);
      return steps;
    });
  };

  it('is the same whatever comes after it, and in another run', () => {
    const coming = daily.slice(240);
    const other = coming.map((count, t) => (t < 100 ? count : 500 - count));
    expect(said(other).slice(0, 101)).toEqual(said(coming).slice(0, 101));
    expect(said(other)[101]).not.toEqual(said(coming)[101]);
  });

  it('never asks for less than nothing, nor for infinity, after a burst or a long silence', () => {
    const wild = Float64Array.from({ length: 300 }, (_, t) => (t === 20 ? 1e6 : t > 100 ? 0 : 5));
    for (const { forecast, capacity } of said(wild).flat()) {
      expect(forecast).toBeGreaterThanOrEqual(0);
      expect(capacity).toBeGreaterThanOrEqual(0);
      expect(Number.isFinite(forecast + capacity)).toBe(true);
    }
  });

  it('asks for a capacity that covers about the stated share of bins', () => {
    const draw = seededRandom(9);
    const flat = Float64Array.from({ length: 3000 }, () => Math.round(40 + 30 * draw()));
    const stream = openForecast(fitForecast(flat.slice(0, 1000), { quantile: 0.8 }));
    let covered = 0;
    for (const count of flat.slice(1000)) {
      if (count <= stream.forecast()[0]!.capacity) covered++;
      stream.push(count);
    }
    expect(covered / 2000).toBeGreaterThan(0.77);
    expect(covered / 2000).toBeLessThan(0.84);
  });
});

const data = process.env.CORTEX_DATA ?? fileURLToPath(new URL('../../../../../shared/data', import.meta.url));
const wanted = existsSync(join(data, 'load')) || process.env.CORTEX_REQUIRE_ALL === '1';
if (!wanted) console.warn(`Load on real data is skipped: no folder "load" in ${data}; set CORTEX_DATA.`);

it.runIf(wanted)('beats the last value on real arrivals, at every horizon', { timeout: 60_000 }, async () => {
  for (const name of ['conv', 'code']) {
    const series = join(data, 'load', `azure-llm-${name}.csv.gz`);
    const { horizons } = await runEvaluateLoad({ series, bin: 10, horizon: 6 });
    for (const { ahead, wape, wape_naive, under_share } of horizons) {
      expect(wape, `${name}, ${ahead} ahead`).toBeLessThan(wape_naive);
      expect(under_share, `${name}, ${ahead} ahead`).toBeLessThan(0.12);
    }
  }
});

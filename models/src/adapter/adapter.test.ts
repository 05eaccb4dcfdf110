import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { seededRandom } from '../metrics/index.js';
import { AdapterDataError, AdapterRefused, fitAdapter, loadAdapter, saveAdapter } from './index.js';

const SIZE = 24;
const random = seededRandom(4);
const gauss = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
const unit = (values: number[]) => {
  const norm = Math.hypot(...values);
  return Float32Array.from(values, (x) => x / norm);
};

/** Questions that lie beside their documents, turned by a rotation of pairs of axes and some noise. */
function pairs(count: number, turn: number) {
  const documents = Array.from({ length: count }, () => unit(Array.from({ length: SIZE }, gauss)));
  const asked = documents.map((document, place) => {
    const turned = Array.from({ length: SIZE }, (_, i) => {
      const other = document[i % 2 ? i - 1 : i + 1] as number;
      return Math.cos(turn) * (document[i] as number) + (i % 2 ? 1 : -1) * Math.sin(turn) * other + 0.1 * gauss();
    });
    return { query: unit(turned), document: place };
  });
  return { documents, asked };
}

it('learns how questions differ from their answers, proves it on pairs it never saw, and serves from disk', async () => {
  const { documents, asked } = pairs(600, 1.2);
  const fitted = fitAdapter(asked, documents);
  expect(fitted.report).toMatchObject({ better: true, pairs: 600, held_out: 120 });
  expect(fitted.report.mrr.adapted).toBeGreaterThan(fitted.report.mrr.frozen + 0.2);
  const folder = await mkdtemp(join(tmpdir(), 'cortex-adapter-'));
  try {
    await saveAdapter(fitted, 'an-encoder', folder);
    const adapter = await loadAdapter(folder);
    expect(adapter.encoder).toBe('an-encoder');
    const { query, document } = asked[0] as { query: Float32Array; document: number };
    const near = (v: Float32Array) => v.reduce((sum, x, i) => sum + x * (documents[document]?.[i] ?? 0), 0);
    expect(near(adapter.adapt(query))).toBeGreaterThan(near(query) + 0.2);
    expect(Math.hypot(...adapter.adapt(query))).toBeCloseTo(1, 5);
    await appendFile(join(folder, 'adapter.npy'), 'x');
    await expect(loadAdapter(folder)).rejects.toThrow(/sha256/);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

it('says so when there is nothing to learn, and is then refused wherever it would serve', async () => {
  const { documents, asked } = pairs(300, 0);
  const fitted = fitAdapter(asked, documents);
  expect(fitted.report.better).toBe(false);
  const folder = await mkdtemp(join(tmpdir(), 'cortex-adapter-'));
  try {
    await saveAdapter(fitted, 'an-encoder', folder);
    await expect(loadAdapter(folder)).rejects.toThrow(AdapterRefused);
    await expect(loadAdapter(folder)).rejects.toThrow(/does not beat the frozen encoder/);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  expect(() => fitAdapter(asked.slice(0, 50), documents)).toThrow(AdapterDataError);
});

import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  loadRouter,
  RouterEncoderMismatch,
  RouterExpertMissing,
  RouterFileMissing,
  RouterFileTampered,
  RouterLabelsMismatch,
  RouterManifestInvalid,
  type RouterModel,
  RouterNumbersInvalid,
  RouterProbeFailed,
  RouterShapeMismatch,
  saveRouter,
  trainRouter,
} from './index.js';
import { makeRows, wordEncoder } from './rows-for-tests.js';
import { readVoice, writeVoice } from './voice-file.js';

const rows = makeRows({ counts: { security: 30, cicd: 30, inventory: 30 }, outsiders: 10, seed: 1 });
const encoder = wordEncoder();
let model: RouterModel;
let folder: string;

beforeAll(async () => {
  const masters = [{ name: 'legal', description: 'contract clause lawyer' }];
  model = await trainRouter({ masters, rows, encoder });
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cortex-router-'));
  await saveRouter(model, folder);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const fileOf = async (voice: string) =>
  join(folder, (await readdir(folder)).find((name) => name.startsWith(`${voice}.`))!);

/** Changes a voice's file and makes hash, size and digest right again: only what is inside can give it away. */
async function forge(voice: string, change: (parts: ReturnType<typeof readVoice>) => void) {
  const file = await fileOf(voice);
  const parts = readVoice(file, await readFile(file));
  change(parts);
  const bytes = writeVoice(parts);
  await writeFile(file, bytes);
  await editManifest((manifest) => {
    const entry = manifest.files.find((one) => one.voice === voice)!;
    Object.assign(entry, { sha256: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.length });
  });
}

type Loose = {
  files: { name: string; voice: string }[];
  state: { labels: string[]; voices: unknown[] };
  digest?: string;
};

async function editManifest(change: (manifest: Loose) => void, digest = true) {
  const path = join(folder, 'manifest.json');
  const manifest = JSON.parse(await readFile(path, 'utf8')) as Loose;
  change(manifest);
  const { digest: old, ...body } = manifest;
  const fresh = createHash('sha256').update(JSON.stringify(body)).digest('hex');
  await writeFile(path, JSON.stringify({ ...body, digest: digest ? fresh : old }));
}

describe('a saved router', () => {
  it('answers after loading as it did before, with and without the encoder', async () => {
    const queries = rows.map(({ text }) => ({ text }));
    for (const useCascade of [true, false]) {
      const loaded = await loadRouter(folder, encoder);
      const before = await model.route(queries, { useCascade });
      const after = await loaded.route(queries, { useCascade });
      before.forEach((result, i) => {
        expect(after[i]!.master).toBe(result.master);
        expect(after[i]!.confidence).toBeCloseTo(result.confidence, 4);
        expect(after[i]!.scope).toBeCloseTo(result.scope, 4);
      });
    }
    const wordsOnly = await loadRouter(folder);
    expect((await wordsOnly.route([{ text: 'scan for the vulnerability' }]))[0]!.master).toBe('security');
  });

  it('leaves one set of files when it is saved over an older one', async () => {
    const smaller = await trainRouter({ masters: [], rows: rows.slice(0, 60), encoder });
    await saveRouter(smaller, folder);
    const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as Loose;
    expect((await readdir(folder)).sort()).toEqual(['manifest.json', ...manifest.files.map(({ name }) => name)].sort());
    expect((await loadRouter(folder, encoder)).state.labels).toEqual(smaller.state.labels);
  });
});

describe('is refused by name', () => {
  const refuses = (kind: new (...args: never[]) => Error) => expect(loadRouter(folder, encoder)).rejects.toThrow(kind);

  it('when a file is missing, cut short or changed', async () => {
    const file = await fileOf('lexical');
    const bytes = await readFile(file);
    await truncate(file, bytes.length - 100);
    await refuses(RouterFileTampered);
    bytes[bytes.length - 3]! ^= 1;
    await writeFile(file, bytes);
    await refuses(RouterFileTampered);
    await rm(file);
    await refuses(RouterFileMissing);
  });

  it('when the manifest is missing, no JSON, or was edited', async () => {
    await editManifest((manifest) => manifest.state.labels.reverse(), false);
    await refuses(RouterManifestInvalid);
    await writeFile(join(folder, 'manifest.json'), '{"format": ');
    await refuses(RouterManifestInvalid);
    await rm(join(folder, 'manifest.json'));
    await refuses(RouterFileMissing);
  });

  it('when a weight is not a number', async () => {
    await forge('embedding', ({ arrays }) => {
      arrays.weights![5] = Number.NaN;
    });
    await refuses(RouterNumbersInvalid);
  });

  it('when an array has another length, or points outside', async () => {
    await forge('embedding', ({ arrays }) => {
      arrays.weights = arrays.weights!.slice(1);
    });
    await refuses(RouterShapeMismatch);
    await saveRouter(model, folder);
    await forge('retrieval', ({ arrays }) => {
      arrays.target![0] = 99;
    });
    await refuses(RouterShapeMismatch);
  });

  it('when it was trained for other labels', async () => {
    await forge('lexical', ({ facts }) => {
      facts.labels = 2;
    });
    await refuses(RouterLabelsMismatch);
    await saveRouter(model, folder);
    await expect(loadRouter(folder, encoder, { labels: ['security', 'cicd'] })).rejects.toThrow(RouterLabelsMismatch);
    await expect(loadRouter(folder, encoder, { labels: ['inventory', 'security', 'cicd'] })).resolves.toBeDefined();
  });

  it('when its weights were swapped for others of the same shape', async () => {
    await forge('lexical', ({ arrays }) => {
      arrays.weights!.reverse();
    });
    await refuses(RouterProbeFailed);
  });

  it('with another encoder', async () => {
    await expect(loadRouter(folder, wordEncoder(32))).rejects.toThrow(RouterEncoderMismatch);
  });

  it('without an outside expert that it was trained with', async () => {
    const make = () => ({
      name: 'neural' as const,
      needsEmbedding: false,
      vote: (queries: readonly unknown[]) =>
        queries.map(() => ({ probabilities: { security: 1 }, abstained: false, latency_ms: 0, evidence: [] })),
    });
    const experts = [{ name: 'neural', needsEmbedding: false, make }];
    await saveRouter(await trainRouter({ masters: [], rows, encoder, experts }), folder);
    await refuses(RouterExpertMissing);
    await expect(loadRouter(folder, encoder, { experts: [make()] })).resolves.toBeDefined();
  });
});

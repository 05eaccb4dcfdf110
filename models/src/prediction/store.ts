// A predictor as a folder: one file a family and a manifest with their hashes, so that only what was saved is ever served.
// The one thing to know: after the hashes the model has to repeat known answers (probes) before it is handed out.
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Encoder } from '../encoder/index.js';
import { PredictorFileError } from './errors.js';
import { Predictor, type PredictorState } from './predictor.js';
import { TaskReader } from './reader.js';
import { type OutcomeRow, type Prediction, type PredictionQuery, QUANTITIES } from './rows.js';
import { fromTypedJson, toTypedJson } from './typed-json.js';

const FORMAT = 1;
const PARTS = ['reader', 'success', ...QUANTITIES] as const;
const PROBE_TOLERANCE = 1e-6;

export interface PredictorProbe {
  query: PredictionQuery;
  embedding: Float32Array | null;
  answer: Prediction;
}

export interface PredictorManifest {
  kind: 'cortex-predictor';
  format: number;
  created_at: string;
  /** File name → SHA-256 in hex. */
  files: Record<string, string>;
  encoder: string | null;
  /** What it predicts, the masters with weights of their own, the further fields it reads. */
  families: string[];
  masters: string[];
  fields: string[];
  /** SHA-256 over the training rows: the same data give the same fingerprint. */
  fingerprint: string;
  metrics: Record<string, unknown>;
}

export interface SavePredictorOptions {
  /** Rows it was trained on, for the fingerprint; the first few become probes. */
  rows: readonly OutcomeRow[];
  metrics?: Record<string, unknown>;
}

/** Writes the folder (made if absent). @returns the manifest. */
export async function savePredictor(
  predictor: Predictor,
  folder: string,
  options: SavePredictorOptions,
): Promise<PredictorManifest> {
  const { state } = predictor;
  const { reader, store, near, ...families } = state;
  const files: Record<string, string> = {};
  await mkdir(folder, { recursive: true });
  const put = async (name: string, content: unknown) => {
    const text = toTypedJson(content);
    await writeFile(join(folder, name), text);
    files[name] = sha256(text);
  };
  await put('reader.json', { reader, store, near });
  for (const family of predictor.families) await put(`${family}.json`, families[family]);
  await put('probes.json', await probesOf(predictor, options.rows));
  const manifest: PredictorManifest = {
    kind: 'cortex-predictor',
    format: FORMAT,
    created_at: new Date().toISOString(),
    files,
    encoder: predictor.encoderId,
    families: predictor.families,
    masters: state.reader.masters,
    fields: state.reader.fields.map((field) => field.name),
    fingerprint: fingerprintOf(options.rows),
    metrics: options.metrics ?? {},
  };
  // Last, so that a folder with a manifest is a whole one.
  await writeFile(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}

export function fingerprintOf(rows: readonly OutcomeRow[]): string {
  const hash = createHash('sha256');
  for (const row of rows) hash.update(`${JSON.stringify(row)}\n`);
  return hash.digest('hex');
}

async function probesOf(predictor: Predictor, rows: readonly OutcomeRow[]): Promise<PredictorProbe[]> {
  const queries = rows.slice(0, 4).map(({ text, master, at, features }): PredictionQuery => {
    return { text, master, ...(at !== undefined && { at }), ...(features && { features }) };
  });
  const vectors = (await predictor.embed(queries)) ?? [];
  const answers = predictor.predictEmbedded(queries, vectors);
  return queries.map((query, i) => ({ query, embedding: vectors[i] ?? null, answer: answers[i]! }));
}

/**
 * Reads a saved predictor and checks hashes, numbers and probes.
 * @throws PredictorFileError naming the file and the reason; nothing half-loaded is returned.
 */
export async function loadPredictor(
  folder: string,
  options: { encoder?: Encoder | undefined } = {},
): Promise<Predictor> {
  const manifest = await readManifest(folder);
  if (manifest.encoder && options.encoder && options.encoder.id !== manifest.encoder) {
    const detail = `was trained on vectors of ${manifest.encoder}, not of ${options.encoder.id}`;
    throw new PredictorFileError(join(folder, 'manifest.json'), 'other encoder', detail);
  }
  const contents = new Map<string, unknown>();
  for (const [name, hash] of Object.entries(manifest.files)) {
    if (!/^[a-z]+\.json$/.test(name))
      throw new PredictorFileError(join(folder, 'manifest.json'), 'tampered', `names the file ${name}`);
    contents.set(name, await readPart(join(folder, name), hash));
  }
  for (const name of ['reader.json', 'probes.json']) {
    if (!contents.has(name))
      throw new PredictorFileError(join(folder, 'manifest.json'), 'missing', `does not name ${name}`);
  }
  try {
    const state = contents.get('reader.json') as PredictorState;
    for (const part of PARTS.slice(1)) {
      if (contents.has(`${part}.json`)) Object.assign(state, { [part]: contents.get(`${part}.json`) });
    }
    const predictor = new Predictor(state, new TaskReader(state.reader), options.encoder);
    checkProbes(predictor, contents.get('probes.json') as PredictorProbe[]);
    return predictor;
  } catch (error) {
    throw new PredictorFileError(
      join(folder, 'probes.json'),
      'probe failed',
      error instanceof Error ? error.message : String(error),
    );
  }
}

async function readManifest(folder: string): Promise<PredictorManifest> {
  const file = join(folder, 'manifest.json');
  const text = await readText(file);
  let manifest: Partial<PredictorManifest> | null;
  try {
    manifest = JSON.parse(text);
  } catch {
    throw new PredictorFileError(file, 'unreadable', 'is not JSON');
  }
  if (manifest?.kind !== 'cortex-predictor' || typeof manifest.files !== 'object' || !manifest.files) {
    throw new PredictorFileError(file, 'unreadable', 'is no manifest of a predictor');
  }
  if (manifest.format !== FORMAT)
    throw new PredictorFileError(file, 'version', `has format ${manifest.format}, not ${FORMAT}`);
  return manifest as PredictorManifest;
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new PredictorFileError(file, 'missing', error instanceof Error ? error.message : String(error));
  }
}

async function readPart(file: string, hash: string): Promise<unknown> {
  const text = await readText(file);
  try {
    const content = fromTypedJson(text);
    if (sha256(text) === hash) return content;
  } catch (error) {
    const reason = error instanceof RangeError ? 'not a number' : 'unreadable';
    throw new PredictorFileError(file, reason, error instanceof Error ? error.message : String(error));
  }
  throw new PredictorFileError(file, 'tampered', 'is not the file that the manifest was written for');
}

function checkProbes(predictor: Predictor, probes: readonly PredictorProbe[]): void {
  const answers = predictor.predictEmbedded(
    probes.map((probe) => probe.query),
    probes.map((probe) => probe.embedding ?? undefined),
  );
  probes.forEach((probe, i) => {
    const now = numbersIn(answers[i]);
    const then = numbersIn(probe.answer);
    const same =
      now.length === then.length && now.every((n, k) => Math.abs(n - then[k]!) <= PROBE_TOLERANCE * (1 + Math.abs(n)));
    if (!same) throw new RangeError(`probe ${i + 1} is answered otherwise than when it was saved`);
  });
}

function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : [];
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

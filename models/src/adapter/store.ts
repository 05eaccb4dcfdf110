// An adapter on disk: `adapter.npy`, the map, and `adapter.json`, what it was made for and how it did on pairs it never saw.
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { appendNpy, readNpy } from '../npy/index.js';
import type { AdapterReport, FittedAdapter } from './fit.js';
import { applyMap } from './ridge.js';

const FORMAT = 'cortex-adapter';
const MAP = 'adapter.npy';
const MANIFEST = 'adapter.json';

interface Manifest {
  readonly format: typeof FORMAT;
  readonly encoder: string;
  readonly dimensions: number;
  readonly sha256: string;
  readonly report: AdapterReport;
}

export interface Adapter {
  /** Id of the encoder whose vectors it takes. */
  readonly encoder: string;
  readonly report: AdapterReport;
  /** The vector of a question, nearer to what answers it; of length 1. */
  adapt(query: Float32Array): Float32Array;
}

/** The folder holds no adapter, another file than the one that was written, or one that did not beat the frozen encoder. */
export class AdapterRefused extends Error {
  override readonly name = 'AdapterRefused';
  constructor(
    readonly folder: string,
    problem: string,
  ) {
    super(`${folder}: ${problem}`);
  }
}

export async function saveAdapter(fitted: FittedAdapter, encoder: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const dimensions = Math.round(Math.sqrt(fitted.map.length));
  const file = join(folder, MAP);
  await rm(file, { force: true });
  const rows = Array.from({ length: dimensions }, (_, i) => fitted.map.subarray(i * dimensions, (i + 1) * dimensions));
  await appendNpy(file, dimensions, rows);
  const sha256 = hash(await readFile(file));
  const manifest: Manifest = { format: FORMAT, encoder, dimensions, sha256, report: fitted.report };
  await writeFile(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** @throws AdapterRefused, also for one that is not better: whatever an alias says, it does not serve. */
export async function loadAdapter(folder: string): Promise<Adapter> {
  const refuse = (problem: string) => new AdapterRefused(folder, problem);
  const text = await readFile(join(folder, MANIFEST), 'utf8').catch(() => undefined);
  if (text === undefined) throw refuse(`has no ${MANIFEST}`);
  const manifest = JSON.parse(text) as Manifest;
  if (manifest.format !== FORMAT) throw refuse(`${MANIFEST} is not of the format ${FORMAT}`);
  const { encoder, dimensions, report } = manifest;
  if (hash(await readFile(join(folder, MAP))) !== manifest.sha256) throw refuse(`${MAP} is not what was saved: sha256`);
  const { rows, width, data } = await readNpy(join(folder, MAP));
  if (rows !== dimensions || width !== dimensions)
    throw refuse(`${MAP} is ${rows} × ${width}, not ${dimensions} square`);
  if (!data.every(Number.isFinite)) throw refuse(`${MAP} holds what is no number`);
  if (!report.better) throw refuse('it does not beat the frozen encoder on pairs it never saw');
  return { encoder, report, adapt: (query) => applyMap(data, query) };
}

const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

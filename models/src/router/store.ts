// A router on disk: manifest.json, and one binary file a voice whose name carries its hash.
// The one thing to know: the manifest is written last and renamed into place, so whoever watches the folder sees the old router or
// the new one, whole. Loading trusts nothing: hashes, shapes, finite numbers, labels, encoder, and questions with known answers.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Encoder } from '../encoder/index.js';
import type { Expert } from '../experts/expert.js';
import { checkShapes } from './check.js';
import {
  RouterEncoderMismatch,
  RouterFileMissing,
  RouterFileTampered,
  RouterLabelsMismatch,
  RouterManifestInvalid,
  RouterProbeFailed,
} from './errors.js';
import { RouterModel } from './router-model.js';
import type { RouterState } from './state.js';
import { readVoice, writeVoice } from './voice-file.js';
import { profileParts, reviveProfiles } from './voices/profile.js';
import { reviveVoices } from './voices/revive.js';

const FORMAT = 'cortex-router';
const VERSION = 1;
const MANIFEST = 'manifest.json';
const PROFILES = 'profiles';
const PROBE_TOLERANCE = 1e-4;

/** A question with its known answer. The vector is kept, so that the answer does not depend on the encoder's rounding. */
export interface Probe {
  text: string;
  vector: number[] | null;
  probabilities: Record<string, number>;
  scope: number;
}

export interface RouterManifest {
  format: typeof FORMAT;
  version: number;
  state: RouterState;
  files: { name: string; voice: string; sha256: string; bytes: number }[];
  probes: Probe[];
  /** sha256 of all the rest of the manifest. */
  digest: string;
}

export interface LoadRouterOptions {
  /** Outside experts that the ensemble was trained with, by name. */
  experts?: readonly Expert[];
  /** Refuse a router that does not know exactly these labels. Default: any. */
  labels?: readonly string[];
}

/** Writes the router; what an earlier one left in the folder goes once the new manifest is in place. */
export async function saveRouter(model: RouterModel, folder: string): Promise<RouterManifest> {
  await mkdir(folder, { recursive: true });
  const parts = model.voices.map((voice) => ({ voice: voice.name, parts: voice.parts() }));
  parts.push({ voice: PROFILES, parts: profileParts(model.profiles) });
  const files: RouterManifest['files'] = [];
  for (const { voice, parts: own } of parts) {
    if (!own) continue;
    const bytes = writeVoice(own);
    const sha256 = hashOf(bytes);
    const name = `${voice}.${sha256.slice(0, 12)}.bin`;
    await writeFile(join(folder, name), bytes);
    files.push({ name, voice, sha256, bytes: bytes.length });
  }
  const body = { format: FORMAT, version: VERSION, state: model.state, files, probes: await askProbes(model) } as const;
  const manifest: RouterManifest = { ...body, digest: hashOf(JSON.stringify(body)) };
  const temporary = join(folder, `.${MANIFEST}.${process.pid}`);
  await writeFile(temporary, JSON.stringify(manifest, undefined, 1));
  await rename(temporary, join(folder, MANIFEST));
  const kept = new Set([MANIFEST, ...files.map(({ name }) => name)]);
  for (const name of await readdir(folder)) {
    if (!kept.has(name) && /^[\w-]+\.[0-9a-f]{12}\.bin$/.test(name)) await rm(join(folder, name));
  }
  return manifest;
}

/**
 * @param encoder the one it was trained with; without one, questions must bring their vectors or the words alone answer.
 * @throws RouterLoadError of some kind, naming the file and what is wrong with it.
 */
export async function loadRouter(folder: string, encoder?: Encoder, options: LoadRouterOptions = {}) {
  const manifest = await readManifest(folder);
  const { state, files } = manifest;
  const path = join(folder, MANIFEST);
  if (encoder && state.encoder && encoder.id !== state.encoder.id) {
    throw new RouterEncoderMismatch(
      path,
      `trained with the encoder ${state.encoder.id}, the one at hand is ${encoder.id}`,
    );
  }
  const wanted = options.labels && [...options.labels].sort().join('\n');
  if (wanted !== undefined && wanted !== [...state.labels].sort().join('\n')) {
    throw new RouterLabelsMismatch(path, `it was trained for other labels: ${state.labels.slice(0, 10).join(', ')}`);
  }
  const parts = new Map<string, ReturnType<typeof readVoice>>();
  for (const { name, voice, sha256, bytes } of files) {
    const file = join(folder, name);
    const content = await readFile(file).catch((error: unknown) => {
      throw new RouterFileMissing(file, 'it is not there', { cause: error });
    });
    if (content.length !== bytes) throw new RouterFileTampered(file, `${content.length} bytes instead of ${bytes}`);
    if (hashOf(content) !== sha256) throw new RouterFileTampered(file, 'its sha256 is not the manifest’s');
    const own = readVoice(file, content);
    checkShapes(file, voice, own, state);
    parts.set(voice, own);
  }
  const own = parts.get(PROFILES);
  if (!own) throw new RouterManifestInvalid(path, 'it names no file of profiles');
  const voices = reviveVoices(path, state, parts, options.experts ?? []);
  const model = RouterModel.assemble(state, voices, reviveProfiles(own), encoder);
  await verifyProbes(path, model, manifest.probes);
  return model;
}

async function readManifest(folder: string): Promise<RouterManifest> {
  const path = join(folder, MANIFEST);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new RouterFileMissing(path, 'there is no router in this folder', { cause: error });
  });
  let manifest: RouterManifest;
  try {
    manifest = JSON.parse(text) as RouterManifest;
  } catch (error) {
    throw new RouterManifestInvalid(path, 'it is not JSON', { cause: error });
  }
  if (manifest.format !== FORMAT) throw new RouterManifestInvalid(path, `its format is not ${FORMAT}`);
  if (manifest.version !== VERSION) {
    throw new RouterManifestInvalid(path, `format version ${manifest.version}; this program reads ${VERSION}`);
  }
  const { digest, ...body } = manifest;
  if (hashOf(JSON.stringify(body)) !== digest)
    throw new RouterManifestInvalid(path, 'it was changed after it was written');
  return manifest;
}

/** A few of the router's own past tasks and a stranger, with what it says to them now. */
async function askProbes(model: RouterModel): Promise<Probe[]> {
  const texts = [...model.probeTexts(6), 'zzz qqq xyzzy 0000', ''];
  const vectors = model.encoder ? await model.encoder.encode(texts) : undefined;
  const queries = texts.map((text, i) => ({ text, embedding: vectors?.[i], history: {} }));
  const answers = await model.route(queries, { useCascade: false, explain: false });
  return texts.map((text, i) => ({
    text,
    vector: vectors ? [...vectors[i]!] : null,
    probabilities: answers[i]!.probabilities,
    scope: answers[i]!.scope,
  }));
}

async function verifyProbes(path: string, model: RouterModel, probes: readonly Probe[]): Promise<void> {
  const queries = probes.map(({ text, vector }) => ({
    text,
    embedding: vector ? Float32Array.from(vector) : undefined,
    history: {},
  }));
  const answers = await model.route(queries, { useCascade: false, explain: false });
  probes.forEach((probe, i) => {
    const { probabilities, scope } = answers[i]!;
    let away = Math.abs(scope - probe.scope);
    for (const name of new Set([...Object.keys(probabilities), ...Object.keys(probe.probabilities)])) {
      away = Math.max(away, Math.abs((probabilities[name] ?? 0) - (probe.probabilities[name] ?? 0)));
    }
    // Odds under 1 in 10,000 are left out of either side, hence the double tolerance at the edge.
    if (!(away <= 2 * PROBE_TOLERANCE)) {
      throw new RouterProbeFailed(
        path,
        `probe ${i + 1} of ${probes.length} is answered otherwise (by ${away.toPrecision(2)})`,
      );
    }
  });
}

function hashOf(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

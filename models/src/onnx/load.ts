// The only way a trained ONNX model gets into a process: manifest, hash, contents, signature, probes; then it may serve.
// The one thing to know: every refusal is a named error and happens before the caller's old model is let go.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import {
  ExternalDataError,
  ManifestInvalidError,
  ModelFileMissingError,
  ModelForOthersError,
  ModelTamperedError,
  ModelUnreadableError,
  ProbeMismatchError,
  ProbeNotFiniteError,
  SignatureMismatchError,
} from './errors.js';
import { inspectOnnx, type OnnxSummary } from './inspect.js';
import { MANIFEST_FILE, type ModelManifest, modelManifestSchema, type ProbeTensor } from './manifest.js';

/** Operator sets this project writes and tests. */
const OPSETS = { from: 13, to: 21 };

export interface LoadExpectations {
  /** The manifest must be of this family. */
  family: string;
  /** The manifest must name this encoder. Default: not checked. */
  encoder?: string;
  /** The vectors must have this length. Default: not checked. */
  dimensions?: number;
  /** Every one of these labels must be known to the model. Default: not checked. */
  labels?: readonly string[];
  /** Inputs and outputs the caller will use, by name. Default: those of the manifest. */
  inputs?: readonly string[];
  outputs?: readonly string[];
}

export interface LoadedModel {
  session: InferenceSession;
  manifest: ModelManifest;
  metadata: Record<string, string>;
}

/** How every session of ours is made: one thread (faster for small graphs) and errors only on standard error. */
export const SESSION_OPTIONS: InferenceSession.SessionOptions = {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  logSeverityLevel: 3,
};

/**
 * Reads, checks and probes the model in `folder`.
 * @throws ModelRefusedError, one class a reason (errors.ts).
 */
export async function loadModel(folder: string, expected: LoadExpectations): Promise<LoadedModel> {
  const manifest = await readManifest(folder);
  checkAudience(folder, manifest, expected);
  const bytes = await read(folder, manifest.file);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (sha256 !== manifest.sha256) throw new ModelTamperedError(folder, manifest, { sha256, bytes: bytes.length });
  const summary = checkContents(folder, bytes, manifest, expected);
  // From bytes, not from the path: what was hashed is what runs.
  const session = await InferenceSession.create(bytes, SESSION_OPTIONS).catch((error: Error) => {
    throw new ModelUnreadableError(folder, error.message);
  });
  await checkProbes(folder, session, manifest);
  return { session, manifest, metadata: summary.metadata };
}

async function read(folder: string, file: string): Promise<Buffer> {
  return readFile(join(folder, file)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') throw new ModelFileMissingError(folder, file);
    throw error;
  });
}

async function readManifest(folder: string): Promise<ModelManifest> {
  const text = (await read(folder, MANIFEST_FILE)).toString('utf8');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new ManifestInvalidError(folder, 'not JSON');
  }
  const parsed = modelManifestSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new ManifestInvalidError(folder, `${issue?.path.join('.') || 'document'}: ${issue?.message}`);
}

function checkAudience(folder: string, manifest: ModelManifest, expected: LoadExpectations): void {
  const differs = (part: 'family' | 'encoder' | 'dimensions', want: string | number | undefined) => {
    if (want !== undefined && manifest[part] !== want) {
      throw new ModelForOthersError(folder, part, String(want), String(manifest[part]));
    }
  };
  differs('family', expected.family);
  differs('encoder', expected.encoder);
  differs('dimensions', expected.dimensions);
  const known = new Set(manifest.labels);
  const missing = expected.labels?.filter((label) => !known.has(label)) ?? [];
  if (missing.length > 0) {
    const found = `${manifest.labels.slice(0, 5).join(', ')}${manifest.labels.length > 5 ? ', …' : ''}`;
    throw new ModelForOthersError(folder, 'labels', missing.slice(0, 5).join(', '), found);
  }
}

function checkContents(
  folder: string,
  bytes: Uint8Array,
  manifest: ModelManifest,
  expected: LoadExpectations,
): OnnxSummary {
  let summary: OnnxSummary;
  try {
    summary = inspectOnnx(bytes);
  } catch (error) {
    throw new ModelUnreadableError(folder, (error as Error).message);
  }
  const [external] = summary.external;
  if (external) throw new ExternalDataError(folder, external.tensor, external.location);
  if (summary.opset !== manifest.opset || summary.opset < OPSETS.from || summary.opset > OPSETS.to) {
    const allowed = `${manifest.opset} (within ${OPSETS.from}–${OPSETS.to})`;
    throw new SignatureMismatchError(folder, 'opset', allowed, String(summary.opset));
  }
  for (const side of ['inputs', 'outputs'] as const) {
    const word = side === 'inputs' ? 'input' : 'output';
    const found = new Map(summary[side].map((s) => [s.name, JSON.stringify(s.shape)]));
    const wanted = new Map(manifest[side].map((s) => [s.name, JSON.stringify(s.shape)]));
    for (const [name, shape] of wanted) {
      if (found.get(name) !== shape) {
        throw new SignatureMismatchError(folder, `${word} ${name}`, shape, found.get(name) ?? 'missing');
      }
    }
    for (const name of [...found.keys(), ...(expected[side] ?? [])]) {
      if (!wanted.has(name))
        throw new SignatureMismatchError(folder, `${word} ${name}`, 'in the manifest', 'not in it');
    }
  }
  return summary;
}

async function checkProbes(folder: string, session: InferenceSession, manifest: ModelManifest): Promise<void> {
  for (const [i, probe] of manifest.probes.entries()) {
    const outputs = await session.run(toFeeds(probe.inputs), Object.keys(probe.outputs)).catch((error: Error) => {
      throw new SignatureMismatchError(folder, `probe ${i}`, 'inputs the graph takes', error.message);
    });
    for (const [name, stored] of Object.entries(probe.outputs)) {
      const found = outputs[name]!;
      const values = found.data as Float32Array;
      if (!values.every(Number.isFinite)) throw new ProbeNotFiniteError(folder, i, name);
      if (found.dims.join() !== stored.shape.join()) {
        throw new SignatureMismatchError(
          folder,
          `output ${name} of probe ${i}`,
          `[${stored.shape}]`,
          `[${found.dims}]`,
        );
      }
      const difference = values.reduce((most, value, k) => Math.max(most, Math.abs(value - stored.values[k]!)), 0);
      // Not `difference > tolerance`: a probe with too few stored values gives NaN, and must not pass.
      if (!(difference <= manifest.tolerance)) {
        throw new ProbeMismatchError(folder, i, name, difference, manifest.tolerance);
      }
    }
  }
}

/** Float32 feeds of plain numbers. */
export function toFeeds(tensors: Readonly<Record<string, ProbeTensor>>): Record<string, Tensor> {
  const entries = Object.entries(tensors);
  return Object.fromEntries(
    entries.map(([name, { shape, values }]) => [name, new Tensor('float32', Float32Array.from(values), shape)]),
  );
}

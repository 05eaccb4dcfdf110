// One ONNX encoder: token ids in, unit vectors out. Runs inside the encoder's thread, because a run is synchronous.
// The one thing to know: a batch's memory grows with rows × longest row and is never given back, so batches are
// cut by that product, after sorting by length so that little is padding.
import { createHash } from 'node:crypto';
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { EncoderFileMissing, EncoderModelInvalid, EncoderShapeMismatch } from './errors.js';
import { toIntegerArithmetic } from './integer-arithmetic.js';
import { normaliseRows, type Pooling, poolTokens } from './rows.js';
import { loadTokenizer, type TextTokenizer } from './tokenizer.js';

export type Precision = 'fp32' | 'int8';

export interface OnnxModelOptions {
  /** Tokens of a text that are looked at, special tokens included. */
  maxTokens: number;
  /** Bound of rows × longest row in one run. */
  batchTokens: number;
  /** Threads of one run. */
  threads: number;
  /** 'int8' computes in 8 bits what the model stores in 8 bits, one text a run. */
  precision: Precision;
}

export interface OnnxModel {
  readonly id: string;
  readonly dimensions: number;
  /** Row after row, `dimensions` numbers each, in the order given. */
  encode(texts: readonly string[]): Promise<Float32Array>;
  release(): Promise<void>;
}

export async function loadOnnxModel(folder: string, options: OnnxModelOptions): Promise<OnnxModel> {
  const path = join(folder, 'model.onnx');
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new EncoderFileMissing(path, { cause: error });
  });
  const tokenizer = await loadTokenizer(folder, options.maxTokens);
  const pooling = await readPooling(folder);
  const session = await openSession(path, computedIn(options.precision, path, bytes), options.threads);
  const output = chooseOutput(path, session);
  const run = (rows: readonly (readonly number[])[]) => runBatch(session, output, rows, tokenizer.padId, pooling);

  const probe = await run([tokenizer.encode('probe')]).catch(async (error: unknown) => {
    await session.release();
    throw new EncoderModelInvalid(path, error instanceof Error ? error.message : String(error), { cause: error });
  });
  const dimensions = probe.length;
  const digest = createHash('sha256').update(bytes);
  digest.update(await readFile(join(folder, 'tokenizer.json')));
  const kind = options.precision === 'fp32' ? pooling : `${pooling}-${options.precision}`;
  const id = `onnx-${dimensions}-${kind}-${options.maxTokens}-${digest.digest('hex').slice(0, 16)}`;
  // In 8 bits the range of a whole batch sets the rounding: alone, a text has the same vector whatever waits beside it.
  const batchTokens = options.precision === 'int8' ? 1 : options.batchTokens;
  return {
    id,
    dimensions,
    encode: (texts) => encodeInBatches(texts, tokenizer, dimensions, batchTokens, run),
    release: () => session.release(),
  };
}

async function encodeInBatches(
  texts: readonly string[],
  tokenizer: TextTokenizer,
  dimensions: number,
  batchTokens: number,
  run: (rows: readonly (readonly number[])[]) => Promise<Float32Array>,
): Promise<Float32Array> {
  const rows = texts.map((text, index) => ({ index, ids: tokenizer.encode(text) }));
  rows.sort((a, b) => a.ids.length - b.ids.length);
  const result = new Float32Array(texts.length * dimensions);
  for (const batch of cutBatches(rows, batchTokens)) {
    const vectors = await run(batch.map((row) => row.ids));
    if (vectors.length !== batch.length * dimensions) {
      throw new EncoderShapeMismatch(`${batch.length} × ${dimensions} numbers`, `${vectors.length} numbers`);
    }
    batch.forEach((row, k) => {
      result.set(vectors.subarray(k * dimensions, (k + 1) * dimensions), row.index * dimensions);
    });
  }
  return result;
}

/** Cuts rows, sorted by length, so that rows × longest row stays within `batchTokens` (a single row always goes). */
export function cutBatches<T extends { ids: readonly number[] }>(rows: readonly T[], batchTokens: number): T[][] {
  const batches: T[][] = [];
  let current: T[] = [];
  for (const row of rows) {
    if (current.length > 0 && (current.length + 1) * row.ids.length > batchTokens) {
      batches.push(current);
      current = [];
    }
    current.push(row);
  }
  if (current.length > 0) batches.push(current);
  return batches;
}

function computedIn(precision: Precision, path: string, bytes: Uint8Array): Uint8Array {
  if (precision === 'fp32') return bytes;
  try {
    const model = toIntegerArithmetic(bytes);
    if (model.rewritten > 0) return model.bytes;
  } catch (error) {
    throw new EncoderModelInvalid(path, error instanceof Error ? error.message : String(error), { cause: error });
  }
  throw new EncoderModelInvalid(
    path,
    'it stores no weights in 8 bits, so it cannot compute with them (precision int8)',
  );
}

async function openSession(path: string, bytes: Uint8Array, threads: number): Promise<ort.InferenceSession> {
  try {
    return await ort.InferenceSession.create(bytes, {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      // Shapes change from batch to batch: a remembered pattern for each would only hold memory.
      enableMemPattern: false,
      logSeverityLevel: 3,
    });
  } catch (error) {
    throw new EncoderModelInvalid(path, error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** The sentence vector if the model has one, else the token vectors, which are pooled. */
function chooseOutput(path: string, session: ort.InferenceSession): string {
  const known = ['input_ids', 'attention_mask', 'token_type_ids', 'position_ids'];
  const foreign = session.inputNames.filter((name) => !known.includes(name));
  if (!session.inputNames.includes('input_ids') || foreign.length > 0) {
    throw new EncoderModelInvalid(path, `it takes ${session.inputNames.join(', ')}; known are ${known.join(', ')}`);
  }
  const wanted = ['sentence_embedding', 'last_hidden_state', 'token_embeddings'];
  const name = wanted.find((candidate) => session.outputNames.includes(candidate)) ?? session.outputNames[0];
  if (name === undefined) throw new EncoderModelInvalid(path, 'it has no output');
  return name;
}

async function runBatch(
  session: ort.InferenceSession,
  output: string,
  rows: readonly (readonly number[])[],
  padId: number,
  pooling: Pooling,
): Promise<Float32Array> {
  const length = rows.reduce((longest, row) => Math.max(longest, row.length), 0);
  const size = rows.length * length;
  const ids = new BigInt64Array(size).fill(BigInt(padId));
  const mask = new BigInt64Array(size);
  const positions = new BigInt64Array(session.inputNames.includes('position_ids') ? size : 0);
  rows.forEach((row, r) => {
    row.forEach((id, t) => {
      ids[r * length + t] = BigInt(id);
      mask[r * length + t] = 1n;
      if (positions.length > 0) positions[r * length + t] = BigInt(t);
    });
  });
  const all: Record<string, BigInt64Array> = {
    input_ids: ids,
    attention_mask: mask,
    token_type_ids: new BigInt64Array(size),
    position_ids: positions,
  };
  const feeds: Record<string, ort.Tensor> = {};
  for (const name of session.inputNames) {
    feeds[name] = new ort.Tensor('int64', all[name] as BigInt64Array, [rows.length, length]);
  }
  const tensor = (await session.run(feeds, [output]))[output];
  const { data, dims } = tensor ?? { data: undefined, dims: [] };
  const shape = `${output} [${dims.join(', ')}]`;
  if (!(data instanceof Float32Array) || dims[0] !== rows.length) {
    throw new EncoderShapeMismatch(`float32 numbers for ${rows.length} texts`, shape);
  }
  if (dims.length === 2) return normaliseRows(data.slice(), dims[1] ?? 0);
  if (dims.length !== 3 || dims[1] !== length) throw new EncoderShapeMismatch('[texts, tokens, dimensions]', shape);
  const lengths = rows.map((row) => row.length);
  return normaliseRows(poolTokens(data, lengths, length, dims[2] ?? 0, pooling), dims[2] ?? 0);
}

/** sentence-transformers writes how to pool into `1_Pooling/config.json`; without it the mean is meant. */
async function readPooling(folder: string): Promise<Pooling> {
  const path = join(folder, '1_Pooling', 'config.json');
  if (
    !(await access(path).then(
      () => true,
      () => false,
    ))
  )
    return 'mean';
  const config: unknown = JSON.parse(await readFile(path, 'utf8'));
  const cls = typeof config === 'object' && config !== null && 'pooling_mode_cls_token' in config;
  return cls && config.pooling_mode_cls_token === true ? 'cls' : 'mean';
}

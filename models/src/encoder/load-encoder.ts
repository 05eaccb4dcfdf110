// The encoder that a folder stands for: its ONNX model, or the embeddings service that its `encoder.json` names.
// The one thing to know: whoever takes a folder takes either, so every actor and command can use every kind of encoder.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { BatchingEncoder } from './batching-encoder.js';
import { EncoderModelInvalid } from './errors.js';
import { type LoadEncoderOptions, loadOnnxEncoder } from './onnx-encoder.js';
import { openAiEncoder } from './openai-encoder.js';

export const ENCODER_FILE = 'encoder.json';

const encoderFileSchema = z.strictObject({
  precision: z.enum(['fp32', 'int8']).optional().describe('Arithmetic of an ONNX model. Default `fp32`.'),
  maxTokens: z.number().int().min(8).max(8_192).optional().describe('Tokens of a text that count. Default 256.'),
  service: z
    .strictObject({
      baseUrl: z.url().describe('Of an OpenAI-compatible service, up to and without `/embeddings`.'),
      model: z.string().min(1),
      dimensions: z.number().int().min(1).max(16_384).describe('Length of its vectors.'),
      shorten: z.boolean().optional().describe('Ask the service for vectors of this length. Default false.'),
      keyFrom: z
        .string()
        .min(1)
        .optional()
        .describe('Environment variable that holds the key. Default: no key is sent.'),
    })
    .optional()
    .describe('Absent: the folder holds an ONNX model.'),
});
export type EncoderFile = z.output<typeof encoderFileSchema>;

/** What the folder's `encoder.json` says; empty without one. @throws EncoderModelInvalid naming the field. */
export async function readEncoderFile(folder: string): Promise<EncoderFile> {
  const path = join(folder, ENCODER_FILE);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new EncoderModelInvalid(path, error.message, { cause: error });
  });
  if (text === undefined) return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new EncoderModelInvalid(path, 'it is not JSON', { cause: error });
  }
  const read = encoderFileSchema.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new EncoderModelInvalid(path, `${issue?.path.join('.') || 'it'}: ${issue?.message}`);
}

/**
 * @param options count before what the folder says of itself
 * @throws EncoderFileMissing, EncoderModelInvalid, EncoderShapeMismatch
 */
export async function loadEncoder(folder: string, options: LoadEncoderOptions = {}): Promise<BatchingEncoder> {
  const { service, precision, maxTokens } = await readEncoderFile(folder);
  if (!service) return loadOnnxEncoder(folder, { ...defined({ precision, maxTokens }), ...options });
  const { keyFrom, ...rest } = service;
  const apiKey = keyFrom === undefined ? undefined : process.env[keyFrom];
  if (keyFrom !== undefined && !apiKey) {
    throw new EncoderModelInvalid(join(folder, ENCODER_FILE), `service.keyFrom: ${keyFrom} is not set`);
  }
  const { cacheEntries, cacheFolder } = options;
  return openAiEncoder({ ...defined({ ...rest, apiKey, cacheEntries, cacheFolder }) });
}

/** Without what is undefined, so that defaults hold. */
function defined<T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

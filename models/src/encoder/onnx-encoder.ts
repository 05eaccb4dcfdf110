// The default encoder: any ONNX sentence encoder from a folder, in a thread of its own.
// The one thing to know: nothing here fetches anything; the folder comes from whoever runs Cortex.
import { BatchingEncoder } from './batching-encoder.js';
import { EncoderModelInvalid } from './errors.js';
import type { Precision } from './onnx-model.js';
import { OnnxThread, type ThreadSettings } from './onnx-thread.js';
import { VectorFile } from './vector-file.js';

export interface LoadEncoderOptions {
  /** Tokens of a text that count, special tokens included; the rest is cut off. Default 256. More costs time linearly. */
  maxTokens?: number;
  /** Threads of one model run. Default 1: more were slower on two cores. */
  threads?: number;
  /**
   * Bound of texts × longest text, in tokens, of one model run. Default 256: larger batches were slower on a CPU
   * (70 long texts a second at 256, 32 at 2048), and what a run needs of memory is never given back.
   */
  batchTokens?: number;
  /**
   * 'int8' computes in 8 bits the products whose weights the model stores in 8 bits, as the default encoder does:
   * about twice as fast, cosine to 'fp32' .994; the vectors of the two must not be mixed (their ids differ). Default 'fp32'.
   */
  precision?: Precision;
  /** Vectors kept in memory, least recently used first out. Default 20,000 (31 MB of 384 numbers each). 0 keeps none. */
  cacheEntries?: number;
  /** Texts that may wait before calls are refused with EncoderBusy. Default 100,000. */
  maxWaiting?: number;
  /** Folder of the vectors kept on disk, shared by processes. Default: none are kept. */
  cacheFolder?: string;
  /** Bytes on disk at most. Default 256 MiB. */
  cacheBytes?: number;
}

/** How the librarian reads: quicker, and long enough for a passage. An adapter of its vectors is made with the same. */
export const INDEX_ENCODER: LoadEncoderOptions = { precision: 'int8', maxTokens: 192 };

/**
 * Loads `model.onnx` and `tokenizer.json` (and `tokenizer_config.json`, `1_Pooling/config.json` where there are any).
 * The model takes `input_ids`, `attention_mask` and perhaps `token_type_ids`, `position_ids`, and gives token vectors or
 * a sentence vector.
 * @throws EncoderFileMissing, EncoderModelInvalid, EncoderShapeMismatch
 */
export async function loadOnnxEncoder(folder: string, options: LoadEncoderOptions = {}): Promise<BatchingEncoder> {
  return startOnnxEncoder(folder, options, OnnxThread.start);
}

/** `start` is given by tests that end a thread at a bad moment. */
export async function startOnnxEncoder(
  folder: string,
  options: LoadEncoderOptions,
  start: (settings: ThreadSettings) => Promise<OnnxThread>,
): Promise<BatchingEncoder> {
  const settings: ThreadSettings = {
    folder,
    maxTokens: options.maxTokens ?? 256,
    threads: options.threads ?? 1,
    batchTokens: options.batchTokens ?? 256,
    precision: options.precision ?? 'fp32',
  };
  const first = await start(settings);
  const { id, dimensions } = first;
  let thread: Promise<OnnxThread> = Promise.resolve(first);

  async function aliveThread(): Promise<OnnxThread> {
    const known = await thread.catch(() => undefined);
    if (known?.alive) return known;
    thread = start(settings).then(async (fresh) => {
      if (fresh.id === id) return fresh;
      await fresh.close();
      throw new EncoderModelInvalid(folder, 'its files were changed while it was in use; start anew to use them');
    });
    return thread;
  }

  const store = options.cacheFolder
    ? new VectorFile(options.cacheFolder, id, dimensions, { maxBytes: options.cacheBytes })
    : undefined;
  return new BatchingEncoder(
    {
      id,
      dimensions,
      run: async (texts) => (await aliveThread()).run(texts),
      close: async () => (await thread.catch(() => undefined))?.close(),
    },
    {
      concurrency: 1,
      // About a tenth of a second of work, so that a short call never waits long behind a long one.
      maxTexts: 32,
      maxTokens: 1024,
      maxTokensPerText: settings.maxTokens,
      cacheEntries: options.cacheEntries ?? 20_000,
      maxWaiting: options.maxWaiting ?? 100_000,
    },
    store,
  );
}

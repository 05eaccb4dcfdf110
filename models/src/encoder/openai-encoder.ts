// Embeddings from any OpenAI-compatible service, as an encoder like any other.
// The one thing to know: the key goes into the request's header and nowhere else, neither into an id nor into an error.
import { hash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { BatchingEncoder, type EncoderBackend } from './batching-encoder.js';
import {
  EncoderClosed,
  type EncoderError,
  EncoderServiceRefused,
  EncoderServiceUnavailable,
  EncoderShapeMismatch,
} from './errors.js';
import { normaliseRows } from './rows.js';
import { VectorFile } from './vector-file.js';

export interface OpenAiEncoderOptions {
  /** Of the service, up to and without `/embeddings`: `http://127.0.0.1:8000/v1`. */
  baseUrl: string;
  /** Sent as a bearer token. Default: none is sent. */
  apiKey?: string;
  model: string;
  /** Length of the vectors the model gives. */
  dimensions: number;
  /** Ask the service for vectors of this length, for models that can shorten theirs. Default false: it is only checked. */
  shorten?: boolean;
  /** Texts in a request. Default 64. */
  maxTexts?: number;
  /** Requests at the same time. Default 4. */
  concurrency?: number;
  /** Tries of a request before it fails. Default 5, with pauses of about 0.25, 0.5, 1, 2 seconds, or what the service asks for. */
  tries?: number;
  /** Milliseconds after which a try counts as failed. Default 30,000. */
  timeoutMs?: number;
  /** Characters of a text that are sent; services refuse what is too long. Default 24,000 (about 6,000 tokens). */
  maxCharacters?: number;
  /** Vectors kept in memory. Default 20,000. */
  cacheEntries?: number;
  /** Folder of the vectors kept on disk. Default: none are kept. */
  cacheFolder?: string;
}

const FIRST_PAUSE_MS = 250;
/** A service may ask for a longer pause than makes sense; the caller has a deadline of its own. */
const LONGEST_PAUSE_MS = 20_000;

export function openAiEncoder(options: OpenAiEncoderOptions): BatchingEncoder {
  const service = new EmbeddingsService(options);
  const store = options.cacheFolder ? new VectorFile(options.cacheFolder, service.id, options.dimensions) : undefined;
  return new BatchingEncoder(
    service,
    {
      concurrency: options.concurrency ?? 4,
      maxTexts: options.maxTexts ?? 64,
      maxTokens: 100_000,
      maxTokensPerText: 8192,
      cacheEntries: options.cacheEntries ?? 20_000,
      maxWaiting: 100_000,
    },
    store,
  );
}

class EmbeddingsService implements EncoderBackend {
  readonly id: string;
  readonly dimensions: number;
  private readonly url: string;
  private readonly closed = new AbortController();

  constructor(private readonly options: OpenAiEncoderOptions) {
    this.url = `${options.baseUrl.replace(/\/+$/, '')}/embeddings`;
    this.dimensions = options.dimensions;
    const settings = [
      this.url,
      options.model,
      options.dimensions,
      options.shorten ?? false,
      options.maxCharacters ?? 0,
    ];
    this.id = `openai-${options.model}-${options.dimensions}-${hash('sha256', settings.join('\n')).slice(0, 12)}`;
  }

  async run(texts: readonly string[]): Promise<Float32Array[]> {
    const { maxCharacters = 24_000, model, dimensions, shorten = false, tries = 5 } = this.options;
    const body = JSON.stringify({
      model,
      // An empty input is refused by some services.
      input: texts.map((text) => text.slice(0, maxCharacters) || ' '),
      encoding_format: 'float',
      ...(shorten ? { dimensions } : {}),
    });
    for (let attempt = 1; ; attempt++) {
      const answer = await this.ask(body);
      if (answer.kind === 'vectors') return readVectors(answer.json, texts.length, dimensions);
      if (answer.kind === 'refused' || attempt >= tries) throw answer.error;
      // Half fixed, half random: callers that failed together shall not come back together.
      const pause = answer.pauseMs ?? FIRST_PAUSE_MS * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
      await sleep(Math.min(LONGEST_PAUSE_MS, pause), undefined, { signal: this.closed.signal }).catch(() => {
        throw new EncoderClosed();
      });
    }
  }

  async close(): Promise<void> {
    this.closed.abort();
  }

  private async ask(body: string): Promise<Answer> {
    const { apiKey, timeoutMs = 30_000 } = this.options;
    try {
      const response = await fetch(this.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(apiKey ? { authorization: `Bearer ${apiKey}` } : {}) },
        body,
        signal: AbortSignal.any([this.closed.signal, AbortSignal.timeout(timeoutMs)]),
      });
      if (response.ok) return { kind: 'vectors', json: await response.json() };
      const reason = reasonFrom(await response.text());
      const { status } = response;
      if (status === 408 || status === 409 || status === 429 || status >= 500) {
        const error = new EncoderServiceUnavailable(this.url, status, reason);
        return { kind: 'later', error, pauseMs: pauseAskedFor(response.headers) };
      }
      return { kind: 'refused', error: new EncoderServiceRefused(this.url, status, reason) };
    } catch (error) {
      if (this.closed.signal.aborted) return { kind: 'refused', error: new EncoderClosed() };
      return { kind: 'later', error: new EncoderServiceUnavailable(this.url, null, causeOf(error), { cause: error }) };
    }
  }
}

type Answer =
  | { kind: 'vectors'; json: unknown }
  | { kind: 'later'; error: EncoderError; pauseMs?: number | undefined }
  | { kind: 'refused'; error: EncoderError };

/** Services may answer in any order; each vector says whose it is by `index`. */
function readVectors(json: unknown, count: number, dimensions: number): Float32Array[] {
  const data = isRecord(json) ? json.data : undefined;
  if (!Array.isArray(data) || data.length !== count) {
    throw new EncoderShapeMismatch(`${count} vectors`, Array.isArray(data) ? `${data.length}` : 'no list "data"');
  }
  const vectors: Float32Array[] = [];
  data.forEach((entry: unknown, position) => {
    const { embedding, index = position } = isRecord(entry) ? entry : {};
    if (!Array.isArray(embedding) || embedding.length !== dimensions) {
      const got = Array.isArray(embedding) ? `${embedding.length} numbers` : `an embedding of type ${typeof embedding}`;
      throw new EncoderShapeMismatch(`${dimensions} numbers`, got);
    }
    if (typeof index !== 'number' || !(index >= 0 && index < count) || vectors[index] !== undefined) {
      throw new EncoderShapeMismatch(`each index from 0 to ${count - 1} once`, String(index));
    }
    vectors[index] = normaliseRows(Float32Array.from(embedding, Number), dimensions);
  });
  return vectors;
}

/** `Retry-After` in seconds or as a date, or the milliseconds some services send beside it. */
function pauseAskedFor(headers: Headers): number | undefined {
  const milliseconds = Number(headers.get('retry-after-ms') ?? Number.NaN);
  if (Number.isFinite(milliseconds)) return Math.max(0, milliseconds);
  const asked = headers.get('retry-after');
  if (asked === null) return undefined;
  const pause = /^\d+(\.\d+)?$/.test(asked.trim()) ? Number(asked) * 1000 : Date.parse(asked) - Date.now();
  return Number.isFinite(pause) ? Math.max(0, pause) : undefined;
}

function reasonFrom(text: string): string {
  try {
    const parsed: unknown = JSON.parse(text);
    if (isRecord(parsed) && isRecord(parsed.error) && typeof parsed.error.message === 'string') {
      return parsed.error.message.slice(0, 300);
    }
  } catch {
    // Not JSON: a proxy's page, say. Its beginning tells enough.
  }
  return text.slice(0, 300).trim() || 'no reason given';
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

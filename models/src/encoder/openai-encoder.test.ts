import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { loadEncoder } from './load-encoder.js';
import { type OpenAiEncoderOptions, openAiEncoder } from './openai-encoder.js';

interface EmbeddingsRequest {
  model: string;
  input: string[];
  encoding_format: string;
  dimensions?: number;
}

type Answer = (request: EmbeddingsRequest, response: ServerResponse, message: IncomingMessage) => void;

/** A vector that tells its text: length and first character. */
const vectorOf = (text: string) => [text.length, text.charCodeAt(0) || 0, 1];

const answerAll: Answer = ({ input, model }, response) => {
  // Backwards, as a service is free to do.
  const data = input.map((text, index) => ({ object: 'embedding', index, embedding: vectorOf(text) })).reverse();
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ object: 'list', data, model, usage: { prompt_tokens: 1, total_tokens: 1 } }));
};

describe('an OpenAI-compatible encoder', () => {
  const servers: Server[] = [];
  const encoders: { close(): Promise<void> }[] = [];
  let requests: EmbeddingsRequest[] = [];
  let keys: (string | undefined)[] = [];

  /** Answers in turn; the last one again and again. */
  async function serve(...answers: Answer[]): Promise<string> {
    const server = createServer((message, response) => {
      let body = '';
      message.setEncoding('utf8');
      message.on('data', (part: string) => {
        body += part;
      });
      message.on('end', () => {
        const request = JSON.parse(body) as EmbeddingsRequest;
        const answer = answers[Math.min(requests.length, answers.length - 1)];
        requests.push(request);
        keys.push(message.headers.authorization);
        if (message.url === '/v1/embeddings') answer?.(request, response, message);
        else response.writeHead(404).end();
      });
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/`;
  }

  function encoderFor(baseUrl: string, more: Partial<OpenAiEncoderOptions> = {}) {
    const encoder = openAiEncoder({ baseUrl, apiKey: 'secret-key', model: 'tiny', dimensions: 3, ...more });
    encoders.push(encoder);
    return encoder;
  }

  const fail =
    (status: number, headers: Record<string, string> = { 'retry-after-ms': '1' }): Answer =>
    (_, response) => {
      response.writeHead(status, headers).end(JSON.stringify({ error: { message: `reason ${status}` } }));
    };

  afterEach(async () => {
    for (const encoder of encoders.splice(0)) await encoder.close();
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    requests = [];
    keys = [];
  });

  it('asks for float vectors with key and model, and gives unit vectors in the order asked', async () => {
    const encoder = encoderFor(await serve(answerAll));
    const vectors = await encoder.encode(['one', 'three', '']);
    expect(requests[0]).toEqual({ model: 'tiny', input: ['one', 'three', ' '], encoding_format: 'float' });
    expect(keys).toEqual(['Bearer secret-key']);
    const [first] = vectors;
    expect(Math.hypot(...(first ?? []))).toBeCloseTo(1, 6);
    for (const [k, text] of ['one', 'three', ' '].entries()) {
      const [a = 0, b = 0] = vectorOf(text);
      expect((vectors[k]?.[0] ?? 0) / (vectors[k]?.[1] ?? 1)).toBeCloseTo(a / b, 5);
    }
  });

  it('is what a folder stands for whose encoder.json names a service; what is wrong in that file is refused by field', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cortex-service-'));
    const load = async (value: unknown) => {
      await writeFile(join(folder, 'encoder.json'), typeof value === 'string' ? value : JSON.stringify(value));
      const encoder = await loadEncoder(folder);
      encoders.push(encoder);
      return encoder;
    };
    try {
      process.env.CORTEX_TEST_KEY = 'from-the-environment';
      const service = { baseUrl: await serve(answerAll), model: 'tiny', dimensions: 3, keyFrom: 'CORTEX_TEST_KEY' };
      const [vector] = await (await load({ service })).encode(['abc']);
      expect(vector).toHaveLength(3);
      expect(keys).toEqual(['Bearer from-the-environment']);
      await expect(load({ service: { ...service, keyFrom: 'CORTEX_NO_SUCH_KEY' } })).rejects.toThrow(
        /CORTEX_NO_SUCH_KEY/,
      );
      await expect(load({ service: { ...service, dimensions: 0 } })).rejects.toThrow(/service\.dimensions/);
      await expect(load({ servise: service })).rejects.toThrow(/servise/);
      await expect(load('{')).rejects.toThrow(/not JSON/);
    } finally {
      delete process.env.CORTEX_TEST_KEY;
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('sends many texts in several requests, each text once', async () => {
    const encoder = encoderFor(await serve(answerAll), { maxTexts: 10 });
    const texts = Array.from({ length: 95 }, (_, k) => `text ${k % 45}`);
    expect(await encoder.encode(texts)).toHaveLength(95);
    expect(requests.map(({ input }) => input.length).sort((a, b) => b - a)).toEqual([10, 10, 10, 10, 5]);
    expect(new Set(requests.flatMap(({ input }) => input)).size).toBe(45);
  });

  it('asks for shorter vectors only when told to', async () => {
    const encoder = encoderFor(await serve(answerAll), { shorten: true });
    await encoder.encode(['x']);
    expect(requests[0]?.dimensions).toBe(3);
  });

  it.each([429, 500, 503])('tries again after %i and then succeeds', async (status) => {
    const encoder = encoderFor(await serve(fail(status), fail(status), answerAll));
    expect(await encoder.encode(['x'])).toHaveLength(1);
    expect(requests).toHaveLength(3);
  });

  it('tries again when the connection breaks', async () => {
    const encoder = encoderFor(await serve((_, response) => response.destroy(), answerAll));
    expect(await encoder.encode(['x'])).toHaveLength(1);
    expect(requests).toHaveLength(2);
  });

  it('gives up after its tries with an error that may be retried and does not tell the key', async () => {
    const encoder = encoderFor(await serve(fail(503)), { tries: 3 });
    const error = await encoder.encode(['x']).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      name: 'EncoderServiceUnavailable',
      status: 503,
      reason: 'reason 503',
      retryable: true,
    });
    expect(requests).toHaveLength(3);
    expect(`${error} ${encoder.id}`).not.toContain('secret-key');
  });

  it('does not repeat what was refused for good', async () => {
    const encoder = encoderFor(await serve(fail(401)));
    const error = await encoder.encode(['x']).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'EncoderServiceRefused', status: 401, reason: 'reason 401', retryable: false });
    expect(requests).toHaveLength(1);
  });

  it.each<[string, unknown]>([
    ['other dimensions', { data: [{ index: 0, embedding: [1, 2] }] }],
    ['too few vectors', { data: [] }],
    ['base64', { data: [{ index: 0, embedding: 'AACAPwAAAAA=' }] }],
    ['no numbers', { data: [{ index: 0, embedding: ['a', 'b', 'c'] }] }],
    ['a foreign index', { data: [{ index: 4, embedding: [1, 2, 3] }] }],
    ['no list', { object: 'error' }],
  ])('refuses an answer with %s', async (_name, answer) => {
    const encoder = encoderFor(await serve((_, response) => response.end(JSON.stringify(answer))));
    await expect(encoder.encode(['x'])).rejects.toMatchObject({ name: 'EncoderShapeMismatch', retryable: false });
  });

  it('stops waiting for a silent service when its time is over', async () => {
    const encoder = encoderFor(await serve(() => undefined), { timeoutMs: 50, tries: 1 });
    await expect(encoder.encode(['x'])).rejects.toMatchObject({ name: 'EncoderServiceUnavailable', status: null });
  });

  it('lets go of a request when it is closed', async () => {
    const encoder = encoderFor(await serve(() => undefined));
    const waiting = encoder.encode(['x']);
    const refused = expect(waiting).rejects.toMatchObject({ name: 'EncoderClosed' });
    while (requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await encoder.close();
    await refused;
  });
});

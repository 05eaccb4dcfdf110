// An OpenAI-compatible server on loopback that really computes: chat by a scripted brain (streamed, with tools and usage), embeddings by the ONNX
// encoder, failures by plan. It counts tokens in a way of its own, as foreign servers do.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export interface ChatMessage {
  readonly role: string;
  readonly content: string;
}

export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly tools?: readonly { readonly function: { readonly name: string; readonly parameters: unknown } }[];
  readonly max_tokens?: number;
  readonly max_completion_tokens?: number;
  readonly stream?: boolean;
}

export interface Said {
  readonly text?: string;
  readonly calls?: readonly { readonly name: string; readonly args: unknown | string }[];
  readonly refusal?: string;
}

/** An HTTP failure, or a stream that breaks off or hangs. */
export interface Failure {
  readonly status: number;
  readonly body?: object;
  readonly headers?: Record<string, string>;
  readonly breakOff?: boolean;
  readonly hang?: boolean;
}

export type Brain = (request: ChatRequest, call: number) => Said | { readonly fail: Failure };

export interface OpenAiServer {
  /** For OPENAI_BASE_URL. */
  readonly url: string;
  /** Every chat request, oldest first. */
  readonly requests: ChatRequest[];
  /** Tokens it charged. */
  readonly charged: () => { input: number; output: number };
  think(brain: Brain): void;
  close(): Promise<void>;
}

export interface Encodes {
  encode(texts: readonly string[]): Promise<Float32Array[]>;
}

/** Words and marks: close to what real tokenizers count, equal to none. */
export function countOwn(text: string): number {
  return (text.match(/[\p{L}]{1,6}|\p{N}{1,3}|[^\s\p{L}\p{N}]/gu) ?? []).length;
}

export async function startOpenAi(
  brain: Brain,
  encoder?: Encodes,
  models: readonly string[] = ['scripted-1'],
): Promise<OpenAiServer> {
  let think = brain;
  const requests: ChatRequest[] = [];
  const charged = { input: 0, output: 0 };
  const server = createServer((request, response) => {
    void answer(request, response).catch((error: Error) => {
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { message: error.message } }));
    });
  });
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = request.url ?? '';
    if (request.method === 'GET' && path.endsWith('/models'))
      return send(response, 200, { object: 'list', data: models.map((id) => ({ id, object: 'model' })) });
    const body = JSON.parse(await bodyOf(request)) as Record<string, unknown>;
    if (path.endsWith('/embeddings')) {
      if (!encoder) return send(response, 404, { error: { message: 'no embeddings here' } });
      const input = [body.input].flat() as string[];
      const vectors = await encoder.encode(input);
      return send(response, 200, {
        object: 'list',
        model: body.model,
        data: vectors.map((vector, index) => ({ object: 'embedding', index, embedding: [...vector] })),
        usage: { prompt_tokens: input.reduce((n, t) => n + countOwn(t), 0), total_tokens: 0 },
      });
    }
    if (!path.endsWith('/chat/completions')) return send(response, 404, { error: { message: `no ${path} here` } });
    const chat = body as unknown as ChatRequest;
    requests.push(chat);
    const said = think(chat, requests.length);
    if ('fail' in said) return fail(response, said.fail);
    const input = countOwn(chat.messages.map((m) => m.content).join('\n')) + countOwn(JSON.stringify(chat.tools ?? []));
    const limit = chat.max_tokens ?? chat.max_completion_tokens ?? 100_000;
    stream(response, chat.model, said, input, limit, charged);
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    requests,
    charged: () => ({ ...charged }),
    think(next) {
      think = next;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function stream(
  response: ServerResponse,
  model: string,
  said: Said,
  input: number,
  limit: number,
  charged: { input: number; output: number },
): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const event = (delta: object, finish: string | null = null, more: object = {}) =>
    response.write(
      `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', model, created: 0, choices: [{ index: 0, delta, finish_reason: finish }], ...more })}\n\n`,
    );
  let output = 0;
  let cut = false;
  const spend = (part: string): boolean => {
    output += countOwn(part);
    cut ||= output > limit;
    return !cut;
  };
  event({ role: 'assistant', content: '' });
  for (const part of parts(said.text ?? '')) if (spend(part)) event({ content: part });
  if (said.refusal !== undefined) event({ refusal: said.refusal });
  (said.calls ?? []).forEach((call, index) => {
    event({
      tool_calls: [{ index, id: `call-${index}`, type: 'function', function: { name: call.name, arguments: '' } }],
    });
    const args = typeof call.args === 'string' ? call.args : JSON.stringify(call.args);
    for (const part of parts(args)) if (spend(part)) event({ tool_calls: [{ index, function: { arguments: part } }] });
  });
  output = Math.min(output, limit);
  charged.input += input;
  charged.output += output;
  event({}, cut ? 'length' : said.calls?.length ? 'tool_calls' : 'stop');
  response.write(
    `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', model, created: 0, choices: [], usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output } })}\n\n`,
  );
  response.end('data: [DONE]\n\n');
}

const parts = (text: string): string[] => text.match(/[\s\S]{1,40}/g) ?? [];

function fail(response: ServerResponse, failure: Failure): void {
  if (failure.hang) {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(': nothing will follow\n\n');
    return;
  }
  if (failure.breakOff) {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: {"choices":[{"index":0,"delta":{"content":"half"}}]}\n\n');
    response.destroy();
    return;
  }
  send(response, failure.status, failure.body ?? { error: { message: `planned ${failure.status}` } }, failure.headers);
}

function send(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

// Planted keys: what a worker is given to reach its model must not turn up in messages, buckets, logs or spans, also when the model's server
// throws the key back in its errors.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describeOnServer, until } from '@cortex/bus/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Child, startCortex } from '../harness/children.js';
import { type Stage, startStage } from '../llm/stage.js';

const KEY = 'sk-planted-4f9a2c7be1d0536884aa17c3e95b20df';
const TOKEN = 'planted-dashboard-token-77c1e0b9a4';

async function listen(
  answer: (body: Buffer, request: IncomingMessage) => { status: number; body: string },
): Promise<Server> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { status, body } = answer(Buffer.concat(chunks), request);
      response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
const urlOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

describeOnServer('secrets', (suite) => {
  const spans: Buffer[] = [];
  let stage: Stage;
  let rude: Server;
  let collector: Server;
  let worker: Child;
  let asked = 0;
  beforeAll(async () => {
    stage = await startStage(suite);
    rude = await listen((_, { method, headers }) => {
      if (method === 'GET')
        return { status: 200, body: '{"object":"list","data":[{"id":"scripted-1","object":"model"}]}' };
      asked++;
      return {
        status: 401,
        body: JSON.stringify({
          error: { message: `Incorrect API key provided: ${headers.authorization}`, code: 'invalid_api_key' },
        }),
      };
    });
    collector = await listen((body) => {
      spans.push(body);
      return { status: 200, body: '{}' };
    });
    worker = startCortex(
      'worker',
      ['worker', '--master', 'development', '--llm', '--name', 'w-1', '--model', 'scripted-1'],
      {
        NATS_URL: suite.server().url,
        OPENAI_BASE_URL: `${urlOf(rude)}/v1`,
        OPENAI_API_KEY: KEY,
        CORTEX_DASHBOARD_TOKEN: TOKEN,
        CORTEX_LOG: 'json',
        OTEL_EXPORTER_OTLP_ENDPOINT: urlOf(collector),
        OTEL_BSP_SCHEDULE_DELAY: '100',
      },
    );
  }, 120_000);
  afterAll(async () => {
    await worker?.stop();
    await stage?.close();
    for (const server of [rude, collector]) await new Promise((resolve) => server?.close(resolve));
  });

  it('planted in the environment are in no message, bucket, log line or span', { timeout: 120_000 }, async () => {
    await stage.submit({ id: 'planted-1', text: 'What is the largest attachment?' });
    // A key that is refused is the settings' fault: the task is given back.
    await until('the worker to be refused', () => asked > 0 && /given back/.test(worker.stderr()), 100_000);
    await worker.stop();
    const seen: [string, string][] = [
      ['the log of the worker', worker.stderr()],
      ['spans', Buffer.concat(spans).toString('latin1')],
    ];
    for await (const { config, state } of stage.bus.jsm.streams.list()) {
      for (let seq = state.first_seq; seq > 0 && seq <= state.last_seq; seq++) {
        const message = await stage.bus.jsm.streams.getMessage(config.name, { seq }).catch(() => null);
        if (message) seen.push([`${config.name} ${message.subject}`, `${message.header} ${message.string()}`]);
      }
    }
    expect(spans.length).toBeGreaterThan(0);
    expect(seen.length).toBeGreaterThan(10);
    const hits = seen.filter(([, text]) => text.includes(KEY) || text.includes(TOKEN)).map(([where]) => where);
    expect(hits).toEqual([]);
  });
});

import { context, trace } from '@opentelemetry/api';
import { afterEach, expect, it, vi } from 'vitest';
import { jsonLogger } from '../actor/runtime.js';
import type { Telemetry, TelemetryOptions } from './options.js';
import { eventHeaders, extractTrace } from './propagation.js';
import { startTelemetry } from './setup.js';
import { traceIdOf, withMessagingSpan } from './spans.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
let telemetry: Telemetry | undefined;

afterEach(async () => {
  await telemetry?.shutdown();
  for (const name of ['OTEL_SDK_DISABLED', 'OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_TRACES_SAMPLER'])
    delete process.env[name];
});

const SPAN = 'b7ad6b7169203331';

function sentBy(flags: '00' | '01') {
  const headers = eventHeaders({ type: 'dev.cortex.task.submit', source: '/test' });
  headers.set('traceparent', `00-${TRACE}-${SPAN}-${flags}`);
  return extractTrace(headers);
}

/** What a message published within a handler of a traced message carries. */
async function carried(): Promise<string | undefined> {
  return withMessagingSpan(
    { operation: 'process', template: 'cortex.tasks.submit', parent: sentBy('01') },
    async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return traceIdOf(extractTrace(eventHeaders({ type: 'dev.cortex.log', source: '/test' })));
    },
  );
}

it("hands a publisher's trace on", async () => {
  telemetry = await startTelemetry({ service: 'test' });
  expect(await carried()).toBe(TRACE);
});

it('hands it on as well when telemetry is switched off', async () => {
  process.env.OTEL_SDK_DISABLED = 'true';
  telemetry = await startTelemetry({ service: 'test' });
  expect(await carried()).toBe(TRACE);
  expect(trace.getSpan(context.active())).toBeUndefined();
});

/** Whether a span in a handler of a message is recorded. A process starts telemetry once: its tracers keep their first provider. */
async function recordedUnder(options: Partial<TelemetryOptions> = {}) {
  vi.resetModules();
  const spans = await import('./spans.js');
  const { startTelemetry: start } = await import('./setup.js');
  telemetry = await start({ service: 'test', ...options });
  return (flags: '00' | '01') =>
    spans.withMessagingSpan({ operation: 'process', template: 'cortex.tasks.submit', parent: sentBy(flags) }, () =>
      spans.withSpan('decide', {}, async (span) => ({ ...span.spanContext(), recording: span.isRecording() })),
    );
}

it('makes no spans under a parent that is not sampled', async () => {
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = 'http://127.0.0.1:9';
  const spanUnder = await recordedUnder();
  expect(await spanUnder('00')).toMatchObject({ traceId: TRACE, spanId: SPAN, recording: false });
  const sampled = await spanUnder('01');
  expect(sampled).toMatchObject({ traceId: TRACE, recording: true });
  expect(sampled.spanId).not.toBe(SPAN);
});

it('makes them with a sampler that asks no parent', async () => {
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = 'http://127.0.0.1:9';
  process.env.OTEL_TRACES_SAMPLER = 'always_on';
  const spanUnder = await recordedUnder();
  expect(await spanUnder('00')).toMatchObject({ traceId: TRACE, recording: true });
});

it('makes spans that only the process itself keeps while they are wanted', async () => {
  let wanted = false;
  const spanUnder = await recordedUnder({ wanted: () => wanted });
  expect(await spanUnder('01')).toMatchObject({ traceId: TRACE, recording: false });
  wanted = true;
  expect(await spanUnder('01')).toMatchObject({ traceId: TRACE, recording: true });
});

it('reads a broken traceparent as none', () => {
  const headers = eventHeaders({ type: 'dev.cortex.log', source: '/test' });
  headers.set('traceparent', 'rubbish');
  expect(traceIdOf(extractTrace(headers))).toBeUndefined();
});

it('logs inside a span carry its ids, so that a line leads to its trace', async () => {
  telemetry = await startTelemetry({ service: 'test' });
  const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    const log = jsonLogger('router', 'router-1');
    await withMessagingSpan({ operation: 'process', template: 'cortex.tasks.submit' }, async (span) => {
      log.warn('slow', { ms: 90 });
      const { traceId, spanId } = span.spanContext();
      const line = JSON.parse(String(written.mock.calls.at(-1)?.[0]));
      expect(line).toMatchObject({ level: 'warn', message: 'slow', ms: 90, trace_id: traceId, span_id: spanId });
    });
    log.warn('outside');
    expect(JSON.parse(String(written.mock.calls.at(-1)?.[0]))).not.toHaveProperty('trace_id');
  } finally {
    written.mockRestore();
  }
});

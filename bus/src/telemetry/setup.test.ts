import { context, trace } from '@opentelemetry/api';
import { afterEach, expect, it, vi } from 'vitest';
import { jsonLogger } from '../actor/runtime.js';
import type { Telemetry } from './options.js';
import { eventHeaders, extractTrace } from './propagation.js';
import { startTelemetry } from './setup.js';
import { traceIdOf, withMessagingSpan } from './spans.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
let telemetry: Telemetry | undefined;

afterEach(async () => {
  await telemetry?.shutdown();
  delete process.env.OTEL_SDK_DISABLED;
});

/** What a message published within a handler of a traced message carries. */
async function carried(): Promise<string | undefined> {
  const headers = eventHeaders({ type: 'dev.cortex.task.submit', source: '/test' });
  headers.set('traceparent', `00-${TRACE}-b7ad6b7169203331-01`);
  return withMessagingSpan(
    { operation: 'process', template: 'cortex.tasks.submit', parent: extractTrace(headers) },
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

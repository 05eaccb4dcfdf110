// Against the SDK's own propagator: what it takes and refuses, ours takes and refuses, and both write the same.
import { headers as newHeaders } from '@nats-io/transport-node';
import { createTraceState, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { expect, it } from 'vitest';
import { extractTrace, injectTrace } from './propagation.js';

const theirs = new W3CTraceContextPropagator();
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

const PARENTS = [
  `00-${TRACE}-${SPAN}-01`,
  `00-${TRACE}-${SPAN}-00`,
  ` 00-${TRACE}-${SPAN}-ff `,
  `cc-${TRACE}-${SPAN}-01-of-later`,
  `00-${TRACE}-${SPAN}-01-of-later`,
  `ff-${TRACE}-${SPAN}-01`,
  `00-${'0'.repeat(32)}-${SPAN}-01`,
  `00-${TRACE}-${'0'.repeat(16)}-01`,
  `00-${TRACE.toUpperCase()}-${SPAN}-01`,
  `00-${TRACE}-${SPAN}`,
  `00-${TRACE}-${SPAN}-1`,
  'rubbish',
  '',
];

it.each(PARENTS)('reads "%s" as the SDK does', (traceparent) => {
  for (const tracestate of ['', 'vendor=1,other=2', 'b r o k e n']) {
    const headers = newHeaders();
    if (traceparent) headers.set('traceparent', traceparent);
    if (tracestate) headers.set('tracestate', tracestate);
    const carrier = { traceparent, ...(tracestate ? { tracestate } : {}) };
    const expected = trace.getSpanContext(
      theirs.extract(ROOT_CONTEXT, carrier, { keys: Object.keys, get: (from, key) => from[key as 'traceparent'] }),
    );
    const { traceState, ...span } = trace.getSpanContext(extractTrace(headers)) ?? {};
    const { traceState: state, ...wanted } = expected ?? {};
    expect(span).toEqual(wanted);
    expect(traceState?.serialize() ?? '').toBe(state?.serialize() ?? '');
  }
});

it('reads no headers at all as no trace', () => {
  expect(trace.getSpanContext(extractTrace(undefined))).toBeUndefined();
});

it('writes what the SDK writes', () => {
  for (const traceFlags of [0, 1, 0xa1]) {
    const traceState = createTraceState('vendor=1');
    const context = trace.setSpanContext(ROOT_CONTEXT, { traceId: TRACE, spanId: SPAN, traceFlags, traceState });
    const carrier: Record<string, string> = {};
    theirs.inject(context, carrier, {
      set: (to, key, value) => {
        to[key] = value;
      },
    });
    const headers = newHeaders();
    injectTrace(headers, context);
    expect(headers.get('tracestate')).toBe(carrier.tracestate);
    // The SDK writes three digits for flags above 15, which no reader takes.
    expect(headers.get('traceparent')).toBe(carrier.traceparent?.replace(/-0(..)$/, '-$1').replace(/-(.)$/, '-0$1'));
  }
  const none = newHeaders();
  injectTrace(none, ROOT_CONTEXT);
  expect([...none.keys()]).toEqual([]);
});

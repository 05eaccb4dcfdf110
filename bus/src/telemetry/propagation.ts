// W3C trace context and CloudEvents attributes in NATS headers.

import { CLOUDEVENTS_VERSION, type EventType, HEADERS } from '@cortex/schemas';
import { type MsgHdrs, headers as newHeaders } from '@nats-io/transport-node';
import {
  type Context,
  context,
  createTraceState,
  isSpanContextValid,
  ROOT_CONTEXT,
  type SpanContext,
  trace,
} from '@opentelemetry/api';

// The W3C's own words. The SDK's propagator says the same through a generic carrier, and its only door loads two hundred files: a tenth of a
// second of every command.
const PARENT = /^(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** Writes `traceparent` and `tracestate` of a context into headers. */
export function injectTrace(headers: MsgHdrs, from: Context = context.active()): void {
  const span = trace.getSpanContext(from);
  if (!span || !isSpanContextValid(span)) return;
  const flags = (span.traceFlags & 0xff).toString(16).padStart(2, '0');
  headers.set(HEADERS.traceparent, `00-${span.traceId}-${span.spanId}-${flags}`);
  if (span.traceState) headers.set(HEADERS.tracestate, span.traceState.serialize());
}

/** The context a message was sent in; the root context when it carries none or a broken one. */
export function extractTrace(headers: MsgHdrs | undefined): Context {
  const [, version, traceId, spanId, flags, more] = PARENT.exec(headers?.get(HEADERS.traceparent).trim() ?? '') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return ROOT_CONTEXT;
  // Later versions may say more behind it, this one may not.
  if (version === '00' && more !== undefined) return ROOT_CONTEXT;
  const state = headers?.get(HEADERS.tracestate);
  const span: SpanContext = {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16),
    isRemote: true,
    ...(state ? { traceState: createTraceState(state) } : {}),
  };
  return isSpanContextValid(span) ? trace.setSpanContext(ROOT_CONTEXT, span) : ROOT_CONTEXT;
}

export interface EventHeaders {
  readonly type: EventType;
  readonly source: string;
  /** Also the de-duplication id. */
  readonly id?: string;
}

/** Headers of an event: CloudEvents in binary mode, trace context, de-duplication id. */
export function eventHeaders(event: EventHeaders, from: Context = context.active()): MsgHdrs {
  const headers = newHeaders();
  headers.set(HEADERS.ceSpecversion, CLOUDEVENTS_VERSION);
  headers.set(HEADERS.ceType, event.type);
  headers.set(HEADERS.ceSource, event.source);
  headers.set(HEADERS.ceTime, new Date().toISOString());
  if (event.id !== undefined) headers.set(HEADERS.ceId, headerSafe(event.id));
  injectTrace(headers, from);
  return headers;
}

/** Ids of users may hold anything; a header value may not hold line breaks or non-ASCII. Reversible by decodeURIComponent. */
export function headerSafe(value: string): string {
  return /^[\x21-\x7e]+$/.test(value) ? value : encodeURIComponent(Buffer.from(value, 'utf8').toString('utf8'));
}

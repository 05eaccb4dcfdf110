// W3C trace context and CloudEvents attributes in NATS headers.

import { CLOUDEVENTS_VERSION, type EventType, HEADERS } from '@cortex/schemas';
import { type MsgHdrs, headers as newHeaders } from '@nats-io/transport-node';
import { type Context, context, ROOT_CONTEXT, type TextMapGetter, type TextMapSetter } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';

const w3c = new W3CTraceContextPropagator();

const setter: TextMapSetter<MsgHdrs> = { set: (carrier, key, value) => carrier.set(key, value) };
const getter: TextMapGetter<MsgHdrs | undefined> = {
  keys: (carrier) => carrier?.keys() ?? [],
  get: (carrier, key) => carrier?.get(key) || undefined,
};

/** Writes `traceparent` and `tracestate` of a context into headers. */
export function injectTrace(headers: MsgHdrs, from: Context = context.active()): void {
  w3c.inject(from, headers, setter);
}

/** The context a message was sent in; the root context when it carries none or a broken one. */
export function extractTrace(headers: MsgHdrs | undefined): Context {
  return w3c.extract(ROOT_CONTEXT, headers, getter);
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

// Spans over the bus itself, so that a page can draw a trace although no trace backend runs: each process sends what it
// finished on a core subject, only while somebody asks for it, and never more than a bounded number a second.
import { encodeMessage } from '@cortex/schemas';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { Bus } from '../connection/connect.js';

/** A finished span, as small as a waterfall needs it. */
export interface SpanNote {
  readonly trace: string;
  readonly span: string;
  readonly parent?: string;
  readonly name: string;
  readonly service: string;
  readonly kind: string;
  /** Milliseconds since the epoch, with fractions. */
  readonly start: number;
  readonly ms: number;
  readonly error?: string;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
}

export interface SpanFeed {
  /** For `startTelemetry({ processors })`. */
  readonly processor: SpanProcessor;
  /** Whether somebody asked for spans lately. */
  wanted(): boolean;
  /** Sends over this bus from now on. Returns the function that ends it. */
  attach(bus: Bus): () => void;
}

/** Whoever draws traces asks this often; without being asked for three times as long nothing is sent. */
export const SPANS_CALL_MS = 5_000;
const FLUSH_MS = 250;
/** Spans a flush sends; when there are more, whole traces are left out. */
const MOST_A_FLUSH = 500;
const MOST_WAITING = 4_000;
const A_MESSAGE = 150;
const MOST_ATTRIBUTES = 24;
const LONGEST_TEXT = 200;

export function spanFeed(): SpanFeed {
  const waiting: ReadableSpan[] = [];
  let wantedUntil = 0;
  return {
    processor: {
      onStart: () => undefined,
      onEnd(span) {
        if (waiting.length < MOST_WAITING && Date.now() < wantedUntil) waiting.push(span);
      },
      forceFlush: async () => undefined,
      shutdown: async () => undefined,
    },
    wanted: () => Date.now() < wantedUntil,
    attach(bus) {
      const want = () => {
        wantedUntil = Date.now() + 3 * SPANS_CALL_MS;
      };
      // What is finished before the first call would be lost: most of all the first task after a start.
      want();
      const calls = bus.nc.subscribe(bus.subjects.spansCall, { callback: (error) => void (error || want()) });
      const flush = () => {
        if (waiting.length === 0 || bus.nc.isClosed() || bus.state() !== 'connected') return;
        const notes = fairShare(waiting.splice(0)).map(noteOf);
        for (let i = 0; i < notes.length; i += A_MESSAGE)
          bus.nc.publish(bus.subjects.spans(bus.instance), encodeMessage(notes.slice(i, i + A_MESSAGE)));
      };
      const timer = setInterval(flush, FLUSH_MS);
      timer.unref();
      return () => {
        clearInterval(timer);
        flush();
        calls.unsubscribe();
      };
    },
  };
}

/** Whole traces, chosen by their id so that every process chooses the same, and all that failed. */
function fairShare(spans: ReadableSpan[]): ReadableSpan[] {
  let share = 1;
  while (spans.length * share > MOST_A_FLUSH) share /= 4;
  if (share === 1) return spans;
  const limit = share * 0x1_0000;
  return spans.filter(
    (span) =>
      span.status.code === SpanStatusCode.ERROR || Number.parseInt(span.spanContext().traceId.slice(-4), 16) < limit,
  );
}

function noteOf(span: ReadableSpan): SpanNote {
  const { traceId, spanId } = span.spanContext();
  const parent = span.parentSpanContext?.spanId;
  const attributes: Record<string, string | number | boolean> = {};
  for (const [key, value] of Object.entries(span.attributes).slice(0, MOST_ATTRIBUTES)) {
    if (typeof value === 'string') attributes[key] = value.slice(0, LONGEST_TEXT);
    else if (typeof value === 'number' || typeof value === 'boolean') attributes[key] = value;
  }
  return {
    trace: traceId,
    span: spanId,
    ...(parent === undefined ? {} : { parent }),
    name: span.name,
    service: String(span.resource.attributes['service.name'] ?? ''),
    kind: SpanKind[span.kind].toLowerCase(),
    start: span.startTime[0] * 1_000 + span.startTime[1] / 1e6,
    ms: span.duration[0] * 1_000 + span.duration[1] / 1e6,
    ...(span.status.code === SpanStatusCode.ERROR ? { error: span.status.message ?? 'failed' } : {}),
    attributes,
  };
}

// The last spans in memory, by trace: what the dashboard draws when no trace backend runs. Bounded; the oldest traces go first.
import type { Bus } from '../connection/connect.js';
import { SPANS_CALL_MS, type SpanNote } from './span-ring-feed.js';

export interface SpanRing {
  /** Spans of a trace, by start. */
  of(trace: string): SpanNote[];
  /** Spans kept. */
  size(): number;
  close(): void;
}

export const SPANS_KEPT = 60_000;
/** A trace that never ends must not push all others out. */
const MOST_A_TRACE = 1_000;

/** Asks every process for its spans and keeps the last ones. */
export function watchSpans(bus: Bus, limit = SPANS_KEPT): SpanRing {
  const traces = new Map<string, SpanNote[]>();
  let kept = 0;
  const take = (note: SpanNote) => {
    const spans = traces.get(note.trace) ?? [];
    if (spans.length === 0) traces.set(note.trace, spans);
    if (spans.length >= MOST_A_TRACE) return;
    spans.push(note);
    kept++;
    while (kept > limit) {
      const [oldest] = traces;
      if (!oldest) return;
      traces.delete(oldest[0]);
      kept -= oldest[1].length;
    }
  };
  const subscription = bus.nc.subscribe(bus.subjects.spansAll, {
    callback: (error, message) => {
      if (error) return;
      try {
        for (const note of message.json<unknown[]>()) if (isNote(note)) take(note);
      } catch {
        // Not a list of spans: somebody else's message on our subject.
      }
    },
  });
  const call = () => {
    if (!bus.nc.isClosed() && bus.state() === 'connected') bus.nc.publish(bus.subjects.spansCall);
  };
  call();
  const timer = setInterval(call, SPANS_CALL_MS);
  return {
    of: (trace) => [...(traces.get(trace) ?? [])].sort((a, b) => a.start - b.start),
    size: () => kept,
    close() {
      clearInterval(timer);
      subscription.unsubscribe();
    },
  };
}

function isNote(value: unknown): value is SpanNote {
  const note = value as Partial<SpanNote> | null;
  return (
    typeof note?.trace === 'string' &&
    typeof note.span === 'string' &&
    typeof note.name === 'string' &&
    typeof note.start === 'number' &&
    typeof note.ms === 'number'
  );
}

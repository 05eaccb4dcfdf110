// What a live view says in its last line: how many tasks, how fast, how well. Pure; `watch` feeds it and draws it.
import type { LogRecord } from '@cortex/schemas';
import { duration, plural } from '../output/index.js';

/** Rates are over so long. */
const WINDOW_MS = 60_000;
const MOST_KEPT = 5_000;

export interface Summary {
  take(record: LogRecord, now: number): void;
  alert(): void;
  text(now: number): string;
}

export function watchSummary(began: number): Summary {
  const decidedAt: number[] = [];
  const latencies: number[] = [];
  let decided = 0;
  let unsure = 0;
  let settled = 0;
  let well = 0;
  let alerts = 0;
  return {
    take(record, now) {
      if (record.step === 'decided' && record.decision) {
        decided++;
        if (record.decision.review !== undefined) unsure++;
        decidedAt.push(now);
        latencies.push(record.decision.latency_ms);
        if (decidedAt.length > MOST_KEPT) decidedAt.shift();
        if (latencies.length > MOST_KEPT) latencies.shift();
      } else if (record.step === 'settled') {
        settled++;
        const { status, success } = record.outcome ?? {};
        if (success ?? status === 'completed') well++;
      }
    },
    alert: () => void alerts++,
    text(now) {
      const recent = decidedAt.filter((at) => at > now - WINDOW_MS).length;
      const seconds = Math.max(1, Math.min(WINDOW_MS, now - began) / 1_000);
      const sorted = [...latencies].sort((a, b) => a - b);
      const at = (q: number) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
      return [
        `${decided} decided (${(recent / seconds).toFixed(1)}/s)`,
        ...(decided > 0 ? [`p50 ${Math.round(at(0.5))} ms, p99 ${Math.round(at(0.99))} ms`] : []),
        ...(unsure > 0 ? [`${unsure} unsure`] : []),
        `${settled} settled${settled > 0 ? `, ${Math.round((100 * well) / settled)} % well` : ''}`,
        ...(alerts > 0 ? [plural(alerts, 'alert')] : []),
        duration(now - began),
      ].join(' · ');
    },
  };
}

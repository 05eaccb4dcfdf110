// Counts of the last ten minutes by second, from the log's records: rates, latency, success, cost. Pure but for the clock it is given.
import type { LogRecord } from '@cortex/schemas';
import type { Figures, Second } from '../wire.js';

/** The mission's bound on a decision, milliseconds. */
export const BOUND_MS = 100;
const KEPT_SECONDS = 600;
/** Latencies kept of one second; more are a fair sample. */
const KEPT_LATENCIES = 200;

interface Bucket {
  decided: number;
  settled: number;
  succeeded: number;
  failed: number;
  unsure: number;
  corrected: number;
  tokens: number;
  cost: number;
  within: number;
  timed: number;
  latencies: number[];
  byMaster: Map<string, { decided: number; settled: number }>;
}

export interface Tally {
  /** Counts a record. `reconsidered` is true when the task was decided before. */
  add(record: LogRecord): void;
  /** The last `seconds`, summed. */
  figures(seconds: number, now: number): Figures;
  /** One entry a second, oldest first, up to the last full second. */
  series(seconds: number, now: number): Second[];
  /** Decided and settled of each master in the last `seconds`. */
  byMaster(seconds: number, now: number): Map<string, { decided: number; settled: number }>;
  clear(): void;
}

export function tally(clock: () => number = Date.now): Tally {
  const buckets = new Map<number, Bucket>();
  const bucket = (second: number): Bucket => {
    const there = buckets.get(second);
    if (there) return there;
    const made: Bucket = {
      decided: 0,
      settled: 0,
      succeeded: 0,
      failed: 0,
      unsure: 0,
      corrected: 0,
      tokens: 0,
      cost: 0,
      within: 0,
      timed: 0,
      latencies: [],
      byMaster: new Map(),
    };
    buckets.set(second, made);
    const oldest = Math.floor(clock() / 1_000) - KEPT_SECONDS;
    for (const key of buckets.keys()) if (key < oldest) buckets.delete(key);
    return made;
  };
  const ofMaster = (into: Bucket['byMaster'], master: string) => {
    const there = into.get(master) ?? { decided: 0, settled: 0 };
    into.set(master, there);
    return there;
  };
  const within = function* (seconds: number, now: number) {
    const last = Math.floor(now / 1_000);
    for (const [second, b] of buckets) if (second > last - seconds && second <= last) yield b;
  };
  return {
    add(record) {
      const second = Math.floor(Date.parse(record.at) / 1_000);
      if (Number.isNaN(second) || second < Math.floor(clock() / 1_000) - KEPT_SECONDS) return;
      const b = bucket(second);
      const { decision, outcome } = record;
      if (record.step === 'decided' && decision) {
        b.decided++;
        if (decision.review !== undefined) b.unsure++;
        ofMaster(b.byMaster, decision.master).decided++;
        // A person's answer is not a decision the system was timed at.
        if (decision.method !== 'human') {
          b.timed++;
          if (decision.latency_ms <= BOUND_MS) b.within++;
          if (b.latencies.length < KEPT_LATENCIES) b.latencies.push(decision.latency_ms);
          else {
            const place = Math.floor(Math.random() * b.timed);
            if (place < KEPT_LATENCIES) b.latencies[place] = decision.latency_ms;
          }
        }
      } else if (record.step === 'settled') {
        b.settled++;
        if (outcome?.success) b.succeeded++;
        else b.failed++;
        b.tokens += outcome?.tokens ?? 0;
        b.cost += outcome?.cost_usd ?? 0;
        ofMaster(b.byMaster, decision?.master ?? outcome?.master ?? '').settled++;
      } else if (record.step === 'corrected') b.corrected++;
    },
    figures(seconds, now) {
      const sum = { decided: 0, settled: 0, succeeded: 0, unsure: 0, corrected: 0, tokens: 0, cost_usd: 0 };
      let timed = 0;
      let good = 0;
      const latencies: number[] = [];
      for (const b of within(seconds, now)) {
        sum.decided += b.decided;
        sum.settled += b.settled;
        sum.succeeded += b.succeeded;
        sum.unsure += b.unsure;
        sum.corrected += b.corrected;
        sum.tokens += b.tokens;
        sum.cost_usd += b.cost;
        timed += b.timed;
        good += b.within;
        latencies.push(...b.latencies);
      }
      latencies.sort((a, b) => a - b);
      return {
        ...sum,
        p50: quantile(latencies, 0.5),
        p99: quantile(latencies, 0.99),
        within: timed === 0 ? null : good / timed,
      };
    },
    series(seconds, now) {
      const last = Math.floor(now / 1_000) - 1;
      return Array.from({ length: seconds }, (_, i): Second => {
        const at = last - seconds + 1 + i;
        const b = buckets.get(at);
        const sorted = b ? [...b.latencies].sort((x, y) => x - y) : [];
        return {
          at,
          decided: b?.decided ?? 0,
          settled: b?.settled ?? 0,
          failed: b?.failed ?? 0,
          unsure: b?.unsure ?? 0,
          p50: quantile(sorted, 0.5),
          p99: quantile(sorted, 0.99),
        };
      });
    },
    byMaster(seconds, now) {
      const sum: Bucket['byMaster'] = new Map();
      for (const b of within(seconds, now)) {
        for (const [master, counts] of b.byMaster) {
          const mine = ofMaster(sum, master);
          mine.decided += counts.decided;
          mine.settled += counts.settled;
        }
      }
      return sum;
    },
    clear: () => buckets.clear(),
  };
}

function quantile(sorted: readonly number[], q: number): number | null {
  if (sorted.length === 0) return null;
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;
  return Math.round(value * 100) / 100;
}

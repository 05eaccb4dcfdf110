// Telemetry as windows: what a worker said within ten seconds becomes one row, whatever its gauges are called. Pure.

/** What of a worker's telemetry is looked at. */
export interface Beat {
  readonly worker: string;
  readonly master: string;
  readonly gauges: Readonly<Record<string, number>>;
}

/** A window of one worker. */
export interface Row {
  readonly worker: string;
  readonly master: string;
  /** Mean within the window, by gauge. */
  readonly mean: Readonly<Record<string, number>>;
  /** The last value within the window, by gauge: counters are told from these. */
  readonly last: Readonly<Record<string, number>>;
}

/** Milliseconds of telemetry that become one row: training and watching must agree on it. */
export const WINDOW_MS = 10_000;

interface Open {
  readonly master: string;
  readonly from: number;
  readonly sums: Map<string, { sum: number; count: number; last: number }>;
}

export interface Windows {
  /** @param now milliseconds, as in `close` */
  take(beat: Beat, now: number): void;
  /** Rows of the windows that are over. */
  close(now: number): Row[];
  forget(worker: string): void;
}

const MOST_GAUGES = 40;
const MOST_WORKERS = 20_000;

export function openWindows(windowMs: number): Windows {
  const open = new Map<string, Open>();
  return {
    take(beat, now) {
      let window = open.get(beat.worker);
      if (!window) {
        if (open.size >= MOST_WORKERS) return;
        window = { master: beat.master, from: now, sums: new Map() };
        open.set(beat.worker, window);
      }
      for (const [name, value] of Object.entries(beat.gauges)) {
        if (!Number.isFinite(value)) continue;
        const known = window.sums.get(name);
        if (known) {
          known.sum += value;
          known.count++;
          known.last = value;
        } else if (window.sums.size < MOST_GAUGES) window.sums.set(name, { sum: value, count: 1, last: value });
      }
    },
    close(now) {
      const rows: Row[] = [];
      for (const [worker, { master, from, sums }] of open) {
        if (now - from < windowMs) continue;
        open.delete(worker);
        const mean: Record<string, number> = {};
        const last: Record<string, number> = {};
        for (const [name, { sum, count, last: end }] of sums) {
          mean[name] = sum / count;
          last[name] = end;
        }
        rows.push({ worker, master, mean, last });
      }
      return rows;
    },
    forget: (worker) => void open.delete(worker),
  };
}

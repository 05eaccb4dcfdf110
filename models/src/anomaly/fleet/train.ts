// The family `anomaly`: an autoencoder for each kind of worker, from the telemetry that was kept. A kind is all the workers of one master.
// The one thing to know: a kind's workers are stretches of one training: their windows never run into each other.
import { quantile } from '../../metrics/index.js';
import { type AutoencoderModel, trainAutoencoder } from '../autoencoder/index.js';
import { squash } from '../robust.js';
import { columnsOf, type Gauges, gaugesOf, openWindows, type Row, WINDOW_MS } from '../telemetry/index.js';

/** One message of telemetry, as it was kept. */
export interface TelemetryRow {
  worker: string;
  master: string;
  /** Milliseconds since 1970. */
  at: number;
  gauges: Record<string, number>;
}

export interface TrainAnomaliesOptions {
  seed?: number;
  /** Milliseconds of a window. Default 10,000, as the watchdog's. */
  windowMs?: number;
  /** Most optimiser steps a kind. Default 600. */
  steps?: number;
  onProgress?: (stage: string, share: number) => void;
}

export interface TrainedKind {
  kind: string;
  model: AutoencoderModel;
  counters: string[];
  windowMs: number;
  workers: number;
  rows: number;
  /** Share of the held-out windows' mean square that the network makes up for: 1 all, 0 no better than the usual value. */
  explained: number;
}

export class TelemetryDataError extends Error {
  override readonly name = 'TelemetryDataError';
}

/** Windows of a kind below which nothing is learned; of a worker, below which it is left out. */
const LEAST_OF_KIND = 120;
const LEAST_OF_WORKER = 40;
/** The newest windows of each worker, and workers of a kind, the longest heard first. */
const MOST_OF_WORKER = 8_640;
const MOST_WORKERS = 24;
const MOST_GAUGES = 40;

/** @throws TelemetryDataError when no kind has twenty minutes of telemetry. */
export async function trainAnomalies(
  telemetry: readonly TelemetryRow[],
  { seed = 1, windowMs = WINDOW_MS, steps = 600, onProgress }: TrainAnomaliesOptions = {},
): Promise<TrainedKind[]> {
  const kinds = [...windowsByKind(telemetry, windowMs)].sort(([a], [b]) => (a < b ? -1 : 1));
  const trained: TrainedKind[] = [];
  for (const [i, [kind, workers]] of kinds.entries()) {
    onProgress?.(kind, i / kinds.length);
    const stretches = [...workers.values()]
      .filter((rows) => rows.length >= LEAST_OF_WORKER)
      .sort((a, b) => b.length - a.length)
      .slice(0, MOST_WORKERS)
      .map((rows) => rows.slice(-MOST_OF_WORKER));
    const count = stretches.reduce((sum, rows) => sum + rows.length, 0);
    if (count < LEAST_OF_KIND) continue;
    const gauges = commonGauges(stretches);
    if (!gauges.names.length) continue;
    const series = stretches.map((rows) => columnsOf(gauges, rows));
    const model = await trainAutoencoder(gauges.names, series, {
      seed,
      steps,
      onProgress: (share) => onProgress?.(kind, (i + share) / kinds.length),
    });
    trained.push({
      kind,
      model,
      counters: [...gauges.counters],
      windowMs,
      workers: stretches.length,
      rows: count,
      explained: 1 - model.report.heldOutLoss / meanSquare(model, series),
    });
  }
  if (!trained.length)
    throw new TelemetryDataError(
      `no kind of worker has ${LEAST_OF_KIND} windows of telemetry (${(LEAST_OF_KIND * windowMs) / 60_000} minutes) to learn from`,
    );
  return trained;
}

function windowsByKind(telemetry: readonly TelemetryRow[], windowMs: number): Map<string, Map<string, Row[]>> {
  const kinds = new Map<string, Map<string, Row[]>>();
  const windows = openWindows(windowMs);
  const keep = (rows: readonly Row[]) => {
    for (const row of rows) {
      const workers = kinds.get(row.master) ?? new Map<string, Row[]>();
      kinds.set(row.master, workers);
      const mine = workers.get(row.worker);
      if (mine) mine.push(row);
      else workers.set(row.worker, [row]);
    }
  };
  const inOrder = telemetry.filter(({ at }) => Number.isFinite(at)).sort((a, b) => a.at - b.at);
  for (const beat of inOrder) {
    keep(windows.close(beat.at));
    windows.take(beat, beat.at);
  }
  keep(windows.close(Number.POSITIVE_INFINITY));
  return kinds;
}

/** Gauges of the kind; one is a counter where it is in most of the workers that have it. */
function commonGauges(stretches: readonly (readonly Row[])[]): Gauges {
  const all = gaugesOf(stretches.flat());
  const each = stretches.map(gaugesOf);
  const names = all.names.slice(0, MOST_GAUGES);
  const counters = names.filter((name) => {
    const having = each.filter((one) => one.names.includes(name));
    return having.filter((one) => one.counters.has(name)).length * 2 > having.length;
  });
  return { names, counters: new Set(counters) };
}

function meanSquare({ scales }: AutoencoderModel, series: readonly (readonly Float64Array[])[]): number {
  const perGauge = scales.map((scale, g) => {
    const known = series.flatMap((columns) => Array.from(columns[g] as Float64Array).filter(Number.isFinite));
    const middle = quantile(Float64Array.from(known).sort(), 0.5);
    return known.reduce((sum, value) => sum + (squash(value, scale) - squash(middle, scale)) ** 2, 0) / known.length;
  });
  return Math.max(1e-9, perGauge.reduce((a, b) => a + (Number.isFinite(b) ? b : 0), 0) / Math.max(1, perGauge.length));
}

// `cortex evaluate load`: arrivals counted per bin; the first half is learned from, the second scored bin by bin as it would have come.
// The one thing to know: every horizon is scored on the same bins, each forecast made with nothing but the bins before it.
import { ForecastDataError, fitForecast, nameOf, openForecast } from '../../forecast/index.js';
import { columnsOf, parseNumber, parseTime, readCsv } from '../anomalies/index.js';
import { EvaluateInputError } from '../outcomes/index.js';

export interface RunEvaluateLoadOptions {
  /** CSV with one arrival a row: `at`, further columns are ignored; perhaps .gz. */
  series: string;
  /** Seconds. Default 10. */
  bin?: number;
  /** Bins ahead. Default 1. */
  horizon?: number;
  /** Share of bins that the capacity is to cover. Default 0.9. */
  quantile?: number;
  /** Told the stage, which share of it is behind (0 to 1), and how much of what that is. */
  onProgress?: (progress: { stage: string; share: number; done?: { n: number; unit: string } }) => void;
}

export interface LoadScores {
  /** Σ |arrivals − forecast| / Σ arrivals. */
  wape: number;
  /** The same of the last value known when the forecast was made. */
  wape_naive: number;
  /** Share of the bins with more arrivals than the capacity. */
  under_share: number;
  /** Capacity left over, Σ max(0, capacity − arrivals), over Σ arrivals. */
  over_ratio: number;
  /** Σ capacity / Σ arrivals. */
  capacity_ratio: number;
}

export interface LoadDocument extends LoadScores {
  horizons: (LoadScores & { ahead: number; serves: string; asks: string; validation: Record<string, number> })[];
  quantile: number;
  bin_seconds: number;
  bins: { learned: number; scored: number };
  arrivals: number;
  mean_per_bin: number;
  most_per_bin: number;
  seconds: number;
}

/** Bins between two words of progress. */
const OFTEN = 1_024;
/** Keeps memory bounded when a time is mistyped by years. */
const MOST_BINS = 5_000_000;

/** @throws EvaluateInputError naming file, line and field. */
export async function runEvaluateLoad(options: RunEvaluateLoadOptions): Promise<LoadDocument> {
  const started = performance.now();
  const { series, bin = 10, horizon = 1, quantile = 0.9, onProgress } = options;
  if (!(bin > 0)) throw new EvaluateInputError('--bin', `${bin} is not above 0`);
  if (!Number.isInteger(horizon) || horizon < 1 || horizon > 500)
    throw new EvaluateInputError('--horizon', `${horizon} is not a whole number from 1 to 500`);
  if (!(quantile > 0 && quantile < 1)) throw new EvaluateInputError('--quantile', `${quantile} is not between 0 and 1`);
  const tell = (stage: string, unit: string) => (share: number, n: number) =>
    onProgress?.({ stage, share, done: { n, unit } });
  const reading = tell('reading', 'arrivals');
  reading(0, 0);
  const counts = await countArrivals(series, bin, reading);
  const half = Math.floor(counts.length / 2);
  let model: ReturnType<typeof fitForecast>;
  try {
    model = fitForecast(counts.subarray(0, half), {
      horizon,
      quantile,
      onProgress: (share) => onProgress?.({ stage: 'learning', share }),
    });
  } catch (error) {
    if (error instanceof ForecastDataError)
      throw new EvaluateInputError(series, `the first half of its bins: ${error.message}. Give a smaller --bin.`);
    throw error;
  }
  const scoring = tell('scoring', 'bins');
  const stream = openForecast(model);
  const sums = Array.from({ length: horizon }, () => ({
    off: 0,
    naive: 0,
    under: 0,
    over: 0,
    capacity: 0,
    bins: 0,
    all: 0,
  }));
  const waiting: { forecast: number; capacity: number; last: number }[][] = Array.from({ length: horizon }, () => []);
  for (let t = half; t < counts.length; t++) {
    if ((t - half) % OFTEN === 0) scoring((t - half) / (counts.length - half), t - half);
    const said = stream.forecast();
    const count = counts[t]!;
    for (let h = 0; h < horizon; h++) {
      waiting[h]!.push({ ...said[h]!, last: counts[t - 1]! });
      if (waiting[h]!.length <= h) continue;
      const { forecast, capacity, last } = waiting[h]!.shift()!;
      const sum = sums[h]!;
      sum.off += Math.abs(count - forecast);
      sum.naive += Math.abs(count - last);
      if (count > capacity) sum.under++;
      sum.over += Math.max(0, capacity - count);
      sum.capacity += capacity;
      sum.all += count;
      sum.bins++;
    }
    stream.push(count);
  }
  const horizons = sums.map((sum, h) => {
    const all = sum.all || 1;
    const { serves, asks, validation } = model.horizons[h]!;
    return {
      ahead: h + 1,
      wape: sum.off / all,
      wape_naive: sum.naive / all,
      under_share: sum.under / Math.max(1, sum.bins),
      over_ratio: sum.over / all,
      capacity_ratio: sum.capacity / all,
      serves: nameOf(serves),
      asks: nameOf(asks),
      validation,
    };
  });
  const { wape, wape_naive, under_share, over_ratio, capacity_ratio } = horizons[0]!;
  const arrivals = counts.reduce((a, b) => a + b, 0);
  return {
    wape,
    wape_naive,
    under_share,
    over_ratio,
    capacity_ratio,
    horizons,
    quantile,
    bin_seconds: bin,
    bins: { learned: half, scored: counts.length - half },
    arrivals,
    mean_per_bin: arrivals / counts.length,
    most_per_bin: counts.reduce((a, b) => Math.max(a, b), 0),
    seconds: (performance.now() - started) / 1000,
  };
}

/** Arrivals of each bin from the first arrival's to the last's; rows may come in any order. */
export async function countArrivals(
  file: string,
  bin: number,
  onRead?: (share: number, lines: number) => void,
): Promise<Float64Array> {
  const perBin = new Map<number, number>();
  let place: number | undefined;
  let header: string[] = [];
  const numbers: boolean[] = [];
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for await (const { line, cells } of readCsv(file, onRead)) {
    if (place === undefined) {
      place = columnsOf(cells, file).get('at')!;
      header = cells;
      continue;
    }
    const number = Math.floor(parseTime(cells[place]!, file, line) / (bin * 1000));
    cells.forEach((text, i) => {
      if (i === place || text === '') return;
      // Named by its first value: names and other words are as good as numbers to be passed over; a number column with a word in it is damaged.
      numbers[i] ??= Number.isFinite(Number(text));
      if (numbers[i]) parseNumber(text, file, line, header[i]!);
    });
    first = Math.min(first, number);
    last = Math.max(last, number);
    if (last - first >= MOST_BINS)
      throw new EvaluateInputError(
        file,
        `lies ${last - first} bins from the others; ${MOST_BINS} are the most`,
        line,
        'at',
      );
    perBin.set(number, (perBin.get(number) ?? 0) + 1);
  }
  if (!perBin.size) throw new EvaluateInputError(file, 'holds no arrivals', 2);
  return Float64Array.from({ length: last - first + 1 }, (_, i) => perBin.get(first + i) ?? 0);
}

// The autoencoder beside the ensemble of one series: two networks, one for each half. Each judges the half it did not learn; what comes is judged by both.
import type { GaugeTable } from '../ensemble.js';
import { AutoencoderSession } from './session.js';
import { type AutoencoderOptions, LEAST_STEPS, trainAutoencoder } from './train.js';

export interface CrossFitted {
  /** By gauge, at every training step. */
  errors: Float64Array[];
  /** By gauge, at every step of what comes right after the training part. */
  errorsOf(next: GaugeTable): Promise<Float64Array[]>;
  release(): Promise<void>;
}

/** Further steps of a half teach less than they cost. */
const MOST_LEARNED = 6000;

/** Undefined when the series is too short for two halves. */
export async function crossFitAutoencoder(
  { gauges, columns }: GaugeTable,
  options: AutoencoderOptions = {},
): Promise<CrossFitted | undefined> {
  const steps = columns[0]?.length ?? 0;
  const half = steps >> 1;
  if (half < LEAST_STEPS) return undefined;
  const { onProgress } = options;
  /** @param behind share of the two trainings that is behind */
  const learn = async (from: number, to: number, behind: number) => {
    const part = columns.map((column) => column.slice(Math.max(from, to - MOST_LEARNED), to));
    return AutoencoderSession.of(
      await trainAutoencoder(gauges, [part], {
        ...options,
        ...(onProgress && { onProgress: (share: number) => onProgress(behind + share / 2) }),
      }),
    );
  };
  const first = await learn(0, half, 0);
  const second = await learn(half, steps, 0.5);
  const early = await second.errors(columns.map((column) => column.slice(0, half)));
  const late = await first.errors(columns, half);
  return {
    errors: early.map((column, g) => Float64Array.from([...column, ...(late[g] as Float64Array)])),
    async errorsOf(next) {
      const lead = Math.min(Math.max(first.facts.window, second.facts.window), steps);
      const joined = columns.map((column, g) =>
        Float64Array.from([...column.subarray(steps - lead), ...(next.columns[g] as Float64Array)]),
      );
      const [a, b] = [await first.errors(joined, lead), await second.errors(joined, lead)];
      return a.map((column, g) => column.map((error, t) => (error + ((b[g] as Float64Array)[t] as number)) / 2));
    },
    async release() {
      await Promise.all([first.release(), second.release()]);
    },
  };
}

// What is kept with every version, so that a training can be told apart and repeated.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { arch, cpus, platform, totalmem } from 'node:os';
import type { Curves } from '@cortex/bus';
import type { RouterAudit } from '../audit/audit.js';
import type { PredictorAudit } from '../audit/predictor.js';

export interface TrainingFacts {
  readonly family: string;
  readonly seed: number;
  readonly rows: number;
  /** sha256 of the training rows. */
  readonly fingerprint: string;
  /** Labels of a router, targets of a predictor. */
  readonly knows: string[];
  readonly metrics: Record<string, number | null>;
  readonly notes: string[];
  /** Off-policy estimates and fairness of a router, over logged decisions; of a predictor the fairness of its chances. */
  readonly audit?: RouterAudit | PredictorAudit;
  /** Loss of the network by epoch; a training without one has no curves. */
  readonly curves?: Curves;
  readonly seconds: number;
  /** Id of the encoder; null: words alone. */
  readonly encoder: string | null;
  /** Rung of the TensorFlow.js ladder that computed the network; null without a network. */
  readonly backend: string | null;
  readonly code: string;
  readonly hardware: string;
  readonly finished_at: string;
}

const MOST_POINTS = 100;

/** Evenly chosen points of a curve, its last one among them. */
export function thinned<P>(points: readonly P[], most = MOST_POINTS): P[] {
  if (points.length <= most) return [...points];
  const step = (points.length - 1) / (most - 1);
  return Array.from({ length: most }, (_, i) => points[Math.round(i * step)] as P);
}

/** Version of this package and of Node; the commit where the environment names it (`CORTEX_COMMIT`). */
export function codeVersion(env: NodeJS.ProcessEnv = process.env): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return `cortex ${version}${env.CORTEX_COMMIT ? ` (${env.CORTEX_COMMIT})` : ''}, node ${process.version}`;
}

export function hardware(): string {
  const processors = cpus();
  const model = processors[0]?.model.replace(/\s+/g, ' ').trim() || 'unknown processor';
  return `${processors.length} × ${model}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${platform()} ${arch()}`;
}

/** sha256 over rows in their order. */
export function fingerprintOf(rows: readonly object[]): string {
  const hash = createHash('sha256');
  for (const row of rows) hash.update(`${JSON.stringify(row)}\n`);
  return hash.digest('hex');
}

// Trains one family from rows and puts the result where the running actors look: they check it and swap it in by themselves.
import { createHash } from 'node:crypto';
import {
  type Encoder,
  type MasterProfile,
  neuralMaker,
  type OutcomeRow,
  type Predictor,
  savePredictor,
  saveServedRouter,
  type TrainingRow,
  trainPredictor,
  trainRouter,
} from '@cortex/models';
import type { Master } from '@cortex/schemas';

export interface Trained {
  readonly family: 'router' | 'predictor';
  readonly folder: string;
  readonly rows: number;
  readonly seconds: number;
  /** Labels of a router, families of a predictor. */
  readonly knows: string[];
  /** sha256 of the training rows. */
  readonly fingerprint: string;
  /** What training saw on held-out rows. */
  readonly metrics: Record<string, number | null>;
}

export interface TrainOptions {
  readonly folder: string;
  readonly encoder: Encoder | undefined;
  readonly seed: number;
  /** Train the network (MoERouter) into the ensemble too: minutes instead of seconds. Needs the encoder. */
  readonly neural?: boolean;
  readonly onProgress: (stage: string, share: number) => void;
}

/** Registered examples are rows too: a master without history keeps what it was registered with. */
export async function trainRouterInto(
  masters: readonly Master[],
  rows: readonly TrainingRow[],
  options: TrainOptions,
): Promise<Trained> {
  const began = Date.now();
  const known = new Set(masters.map((m) => m.name));
  // A master that was removed must never be chosen again, whatever its history says.
  const usable = rows.filter((row) => row.label === null || known.has(row.label));
  const neural =
    options.neural && options.encoder ? neuralMaker({ describe: describedBy(masters, options.encoder) }) : undefined;
  const model = await trainRouter({
    masters: masters.map(profileOf),
    rows: usable,
    seed: options.seed,
    onProgress: ({ stage, done }) => options.onProgress(stage, done),
    ...(options.encoder ? { encoder: options.encoder } : {}),
    ...(neural ? { experts: [neural] } : {}),
  });
  const fingerprint = fingerprintOf(usable);
  const network = neural?.latest();
  await saveServedRouter(model, options.folder, network ? { model: network, fingerprint } : undefined);
  return {
    family: 'router',
    folder: options.folder,
    rows: usable.length,
    seconds: seconds(began),
    knows: [...known],
    fingerprint,
    metrics: finite(model.state.metrics),
  };
}

/** Throws PredictionDataError when no target has enough rows. */
export async function trainPredictorInto(rows: readonly OutcomeRow[], options: TrainOptions): Promise<Trained> {
  const began = Date.now();
  const predictor = await trainPredictor(rows, {
    seed: options.seed,
    encoder: options.encoder,
    onProgress: ({ stage, share }) => options.onProgress(stage, share),
  });
  await savePredictor(predictor, options.folder, { rows });
  return {
    family: 'predictor',
    folder: options.folder,
    rows: rows.length,
    seconds: seconds(began),
    knows: predictor.families,
    fingerprint: fingerprintOf(rows),
    metrics: finite(validationOf(predictor)),
  };
}

/** Vectors of what the labels mean: the master's description, or its name. */
export function describedBy(masters: readonly { name: string; description?: string }[], encoder: Encoder) {
  const descriptions = new Map(masters.map((m) => [m.name, m.description || m.name]));
  return (labels: readonly string[]) => encoder.encode(labels.map((label) => descriptions.get(label) ?? label));
}

function profileOf(master: Master): MasterProfile {
  const { name, description, examples, keywords, patterns, aliases } = master;
  return { name, description, examples, keywords, patterns, aliases };
}

/** What the candidate that serves was worth on rows it had not seen: log loss of success, absolute error of the rest. */
function validationOf({ state }: Predictor): Record<string, number> {
  const { success } = state;
  const held: Record<string, number> = success ? { success_log_loss: success.validation[success.serves] } : {};
  for (const quantity of ['minutes', 'tokens', 'complexity'] as const) {
    const model = state[quantity];
    if (model) held[`${quantity}_mae`] = model.validation[model.serves];
  }
  return held;
}

function finite(metrics: Record<string, number>): Record<string, number | null> {
  return Object.fromEntries(
    Object.entries(metrics).map(([name, value]) => [name, Number.isFinite(value) ? value : null]),
  );
}

function seconds(began: number): number {
  return Math.round((Date.now() - began) / 100) / 10;
}

function fingerprintOf(rows: readonly object[]): string {
  const hash = createHash('sha256');
  for (const row of rows) hash.update(`${JSON.stringify(row)}\n`);
  return hash.digest('hex');
}

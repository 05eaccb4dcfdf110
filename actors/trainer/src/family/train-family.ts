// One family, from rows to a folder that can be served. Runs in a child process of the trainer and in the command line alike.
// The one thing to know: the folder is whole only when `training.json` is in it, which is written last.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Encoder,
  fitPredictor,
  type HeldOutAnswer,
  heldOutMetrics,
  type LoggedDecision,
  type MasterProfile,
  type MoeProgress,
  neuralMaker,
  type OutcomeRow,
  saveAnomalies,
  savePredictor,
  saveServedRouter,
  type TelemetryRow,
  type TrainingRow,
  trainAnomalies,
  trainRouter,
} from '@cortex/models';
import type { Master } from '@cortex/schemas';
import { answersOf } from '../audit/answers.js';
import { auditMetrics, auditRouter } from '../audit/audit.js';
import { auditPredictor, predictorAuditMetrics } from '../audit/predictor.js';
import { codeVersion, fingerprintOf, hardware, type TrainingFacts, thinned } from './facts.js';

export const FACTS_FILE = 'training.json';

export interface FamilyTraining {
  /** Where the model goes; made if absent. */
  readonly folder: string;
  readonly encoder: Encoder | undefined;
  readonly seed: number;
  /** Try the network as a voice of the router too: minutes instead of seconds. Kept where held-out rows show that it helps, or 'always'. Needs the encoder. */
  readonly neural?: boolean | 'always';
  /** The network's hyper-parameters, of an autoencoder its `steps`; default: its own. */
  readonly training?: Readonly<Record<string, number>>;
  /** Decisions of the past to audit a router with, see `auditable`; default: none, and no audit. */
  readonly logged?: readonly LoggedDecision[];
  /** The world is known to have changed: the audit describes, and judges nothing. */
  readonly drifted?: boolean;
  /** Share of the stage that is done. */
  readonly onProgress?: (stage: string, share: number) => void;
  /** A point of a curve. */
  readonly onPoint?: (tag: string, value: number, step: number) => void;
}

/** There is too little to learn from, or it is not usable. No repetition mends that. */
export class TrainingDataError extends Error {
  override readonly name = 'TrainingDataError';
}

/** Registered examples are rows too: a master without history keeps what it was registered with. */
export async function trainRouterInto(
  masters: readonly Master[],
  rows: readonly TrainingRow[],
  options: FamilyTraining,
): Promise<TrainingFacts> {
  const began = Date.now();
  const known = new Set(masters.map((m) => m.name));
  // A master that was removed must never be chosen again, whatever its history says.
  const usable = rows.filter(({ label, not }) =>
    not === undefined ? label === null || known.has(label) : known.has(not),
  );
  const examples = masters.reduce((sum, m) => sum + m.examples.length, 0);
  const labelled = usable.filter(({ not }) => not === undefined).length;
  if (labelled + examples === 0)
    throw new TrainingDataError(
      'there is nothing to learn from: no outcome or correction in the log, no example in the registry',
    );
  const { encoder } = options;
  const neural = options.neural && encoder ? neuralOf(masters, encoder, options) : undefined;
  let heldOut: readonly HeldOutAnswer[] = [];
  const model = await trainRouter({
    masters: masters.map(profileOf),
    rows: usable,
    seed: options.seed,
    onProgress: ({ stage, done }) => options.onProgress?.(stage, done),
    onHeldOut: (answers) => {
      heldOut = answers;
    },
    ...(encoder ? { encoder } : {}),
    ...(neural ? { experts: [neural.maker] } : {}),
  });
  const fingerprint = fingerprintOf(usable);
  const heard = model.voices.some(({ name }) => name === neural?.maker.name);
  const network = heard ? neural?.maker.latest() : undefined;
  const { logged = [] } = options;
  const audit =
    logged.length > 0
      ? auditRouter(logged, await answersOf(model, usable, heldOut, logged), options.drifted)
      : undefined;
  await saveServedRouter(model, options.folder, network ? { model: network, fingerprint } : undefined);
  return finish(options, {
    family: 'router',
    rows: labelled,
    fingerprint,
    knows: [...known].sort(),
    metrics: {
      ...finite(model.state.metrics),
      ...(neural ? { 'network/held_out_loss': neural.heldOutLoss() } : {}),
      ...(audit ? auditMetrics(audit) : {}),
    },
    ...(audit ? { audit } : {}),
    ...(neural && heard ? { curves: neural.curves() } : {}),
    notes: model.state.notes,
    encoder: encoder?.id ?? null,
    backend: network?.report.backend ?? null,
    began,
  });
}

/** @throws PredictionDataError when no target has enough rows. */
export async function trainPredictorInto(rows: readonly OutcomeRow[], options: FamilyTraining): Promise<TrainingFacts> {
  const began = Date.now();
  const fitted = await fitPredictor(rows, {
    seed: options.seed,
    encoder: options.encoder,
    onProgress: ({ stage, share }) => options.onProgress?.(stage, share),
  });
  const audit = auditPredictor(fitted);
  const metrics = { ...heldOutMetrics(fitted), ...(audit ? predictorAuditMetrics(audit) : {}) };
  await savePredictor(fitted.predictor, options.folder, { rows, metrics });
  return finish(options, {
    family: 'predictor',
    rows: rows.length,
    fingerprint: fingerprintOf(rows),
    knows: fitted.predictor.families,
    metrics,
    ...(audit ? { audit } : {}),
    notes: [],
    encoder: fitted.predictor.encoderId,
    backend: null,
    began,
  });
}

/** An autoencoder for each kind of worker. @throws TelemetryDataError when no kind was heard long enough. */
export async function trainAnomaliesInto(
  rows: readonly TelemetryRow[],
  options: FamilyTraining,
): Promise<TrainingFacts> {
  const began = Date.now();
  const steps = options.training?.steps;
  const kinds = await trainAnomalies(rows, {
    seed: options.seed,
    ...(steps === undefined ? {} : { steps }),
    onProgress: (stage, share) => options.onProgress?.(stage, share),
  });
  const fingerprint = fingerprintOf(rows);
  await saveAnomalies(options.folder, kinds, fingerprint);
  return finish(options, {
    family: 'anomaly',
    rows: rows.length,
    fingerprint,
    knows: kinds.map(({ kind }) => kind),
    metrics: Object.fromEntries(
      kinds.flatMap(({ kind, explained, model }) => [
        [`${kind}/explained`, explained],
        [`${kind}/held_out_loss`, model.report.heldOutLoss],
      ]),
    ),
    notes: kinds.map(({ kind, workers, rows: windows }) => `${kind}: ${windows} windows of ${workers} workers`),
    encoder: null,
    backend: kinds[0]?.model.report.backend ?? null,
    began,
  });
}

/** Vectors of what the labels mean: the master's description, or its name. */
export function describedBy(masters: readonly { name: string; description?: string }[], encoder: Encoder) {
  const descriptions = new Map(masters.map((m) => [m.name, m.description || m.name]));
  return (labels: readonly string[]) => encoder.encode(labels.map((label) => descriptions.get(label) ?? label));
}

/** The ensemble makes the network several times; only the first making is stopped by held-out rows, so its curve is the one to read. */
function neuralOf(masters: readonly Master[], encoder: Encoder, options: FamilyTraining) {
  const { training, onPoint } = options;
  let making = 0;
  let heldOut: number | null = null;
  const losses: [number, number][] = [];
  const heldOutLosses: [number, number][] = [];
  const onEpoch = ({ stage, epoch, loss, heldOutLoss }: MoeProgress) => {
    if (epoch <= 1) making++;
    const curve = stage === 'search' ? 'network' : `network/refit-${making}`;
    onPoint?.(`${curve}/loss`, loss, epoch);
    if (making === 1) losses.push([epoch, loss]);
    if (heldOutLoss === null) return;
    heldOut = Math.min(heldOut ?? heldOutLoss, heldOutLoss);
    onPoint?.(`${curve}/held_out_loss`, heldOutLoss, epoch);
    if (making === 1) heldOutLosses.push([epoch, heldOutLoss]);
  };
  const maker = neuralMaker({
    describe: describedBy(masters, encoder),
    training: { ...training, onEpoch },
    onTrial: options.neural !== 'always',
  });
  const curves = () => ({
    loss: thinned(losses),
    // Few rows are all learned from: there is none to stop by.
    ...(heldOutLosses.length > 0 ? { held_out_loss: thinned(heldOutLosses) } : {}),
  });
  return { maker, heldOutLoss: () => heldOut, curves };
}

/** Writes what is told of a training, last of all files. */
export async function finish(
  { folder, seed }: FamilyTraining,
  { began, ...told }: Omit<TrainingFacts, 'seed' | 'seconds' | 'code' | 'hardware' | 'finished_at'> & { began: number },
): Promise<TrainingFacts> {
  const facts: TrainingFacts = {
    ...told,
    seed,
    seconds: Math.round((Date.now() - began) / 100) / 10,
    code: codeVersion(),
    hardware: hardware(),
    finished_at: new Date().toISOString(),
  };
  await writeFile(join(folder, FACTS_FILE), `${JSON.stringify(facts, null, 2)}\n`);
  return facts;
}

function profileOf({ name, description, examples, keywords, patterns, aliases }: Master): MasterProfile {
  return { name, description, examples, keywords, patterns, aliases };
}

function finite(metrics: Readonly<Record<string, unknown>>): Record<string, number | null> {
  return Object.fromEntries(
    Object.entries(metrics).flatMap(([key, value]) =>
      typeof value === 'number' ? [[key, Number.isFinite(value) ? value : null]] : [],
    ),
  );
}

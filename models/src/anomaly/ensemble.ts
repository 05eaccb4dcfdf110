// All detectors over all gauges, as one score a step: what watches a worker's telemetry.
// The one thing to know: a detector that was often surprised so far, labels unseen, counts by so much less; that is what drift does to most of them.

import { mean } from '../metrics/index.js';
import { type Components, distance, fitComponents } from './detectors/index.js';
import { DETECTOR_NAMES, fitGauge, type GaugeModel, type GaugeStream, hold, openGauge } from './gauge.js';
import { fitTail, surprise, type Tail, tailQuantile } from './tail.js';

/** Steps in order of time; `columns[g][t]` is gauge g at step t, NaN where missing. */
export interface GaugeTable {
  gauges: string[];
  columns: Float64Array[];
}

export interface AnomalyOptions {
  /** Steps that may raise an alert, of 1,000 that are like the training part. Default 5. Lower: fewer alerts, later ones. */
  alertsPer1000?: number;
  /** The autoencoder's errors at the training steps, by gauge, each by one that did not learn from it. Default: no autoencoder. */
  errors?: readonly Float64Array[];
}

/** Plain JSON: everything the live watch needs. */
export interface AnomalyModel {
  gauges: string[];
  models: GaugeModel[];
  /** Across gauges; absent with one gauge or more than MOST_JOINT. */
  joint?: { components: Components; tail: Tail };
  /** Of each detector, its mean surprise in training. */
  usual: number[];
  threshold: number;
  /** Training steps in all, and the last of them, which warm up a stream: NaN as null. */
  steps: number;
  recent: (number | null)[][];
  /** The autoencoder's errors at the same steps. */
  recentErrors?: (number | null)[][];
}

export interface AnomalyStep {
  score: number;
  alert: boolean;
  /** Surprise of each detector alone, in nats; names as in `detectorNames`. */
  detectors: Float64Array;
  /** The gauges that made the score, strongest first: at most three. */
  gauges: { gauge: string; share: number }[];
}

/** Takes the next step's values, one a gauge, NaN where missing, and the autoencoder's errors where there is one. */
export type AnomalyStream = (values: ArrayLike<number>, errors?: ArrayLike<number>) => AnomalyStep;

const AUTOENCODER = DETECTOR_NAMES.indexOf('autoencoder');
const MOST_JOINT = 200;
const RECENT = 400;
const LEAST_STEPS = 32;
/** Steps of a cold start that do not count. */
const BURN_IN = 100;
/** How many steps' worth the training mean weighs when the running mean of surprise starts. */
const PRIOR_STEPS = 100;
/** Half-life in steps of what lasts, and what the present counts beside it: faults of three steps and of three hundred are both ranked well. */
const LASTING = 30;
const PRESENT = 2;
/** Half-lives in steps: how fast the threshold follows a score above it, and how fast it comes back. */
const RAISE = 100;
const RELAX = 1000;

export class AnomalyDataError extends Error {
  override readonly name = 'AnomalyDataError';
  readonly retryable = false;
}

export function detectorNames(model: Pick<AnomalyModel, 'joint' | 'models'>): string[] {
  return placesOf(model).map((d) => DETECTOR_NAMES[d] ?? 'pca_gauges');
}

/** Which detectors there are: places in `DETECTOR_NAMES`, one beyond for the one across gauges. */
function placesOf({ joint, models }: Pick<AnomalyModel, 'joint' | 'models'>): number[] {
  const places = DETECTOR_NAMES.map((_, d) => d).filter((d) => d < AUTOENCODER || models.some(({ errors }) => errors));
  return joint ? [...places, DETECTOR_NAMES.length] : places;
}

/** @throws AnomalyDataError when there are fewer than 32 steps or no gauge. */
export function fitAnomalyModel(table: GaugeTable, { alertsPer1000 = 5, errors }: AnomalyOptions = {}): AnomalyModel {
  const train: Training = { ...table, ...(errors && { errors }) };
  const steps = train.columns[0]?.length ?? 0;
  if (steps < LEAST_STEPS)
    throw new AnomalyDataError(`${steps} steps are too few to learn from; ${LEAST_STEPS} are the least`);
  const model = fitParts(train);
  // Each half is scored by what learned on the other: on its own rows a detector is never surprised enough.
  const half = steps >> 1;
  const halves: Fold[] =
    half < LEAST_STEPS
      ? [{ model, table: train, from: 0, to: steps }]
      : [
          { model: fitParts(slice(train, 0, half)), table: train, from: half, to: steps },
          {
            model: fitParts(slice(train, half, steps)),
            table: slice(train, 0, half),
            from: Math.min(BURN_IN, half >> 2),
            to: half,
          },
        ];
  const scores = halves.flatMap((fold) => replay(fold).map(({ score }) => score));
  // Never beyond what training itself reached: there the tail is a guess.
  const highest = scores.reduce((a, b) => Math.max(a, b), 0);
  model.threshold = Math.min(highest, tailQuantile(fitTail(scores, 0.05), alertsPer1000 / 1000));
  for (let t = Math.max(0, steps - RECENT); t < steps; t++) model.recent.push(rowOf(train.columns, t));
  if (errors) model.recentErrors = model.recent.map((_, i) => rowOf(errors, steps - model.recent.length + i));
  return model;
}

interface Training extends GaugeTable {
  errors?: readonly Float64Array[];
}

function rowOf(columns: readonly Float64Array[], t: number): (number | null)[] {
  return columns.map((column) => (Number.isFinite(column[t]!) ? column[t]! : null));
}

interface Fold {
  model: AnomalyModel;
  table: Training;
  /** Steps whose scores count; those before only warm up. */
  from: number;
  to: number;
}

function replay({ model, table, from, to }: Fold): AnomalyStep[] {
  const stream = openCold(model, 0);
  const out: AnomalyStep[] = [];
  for (let t = 0; t < to; t++) {
    const step = stream(
      table.columns.map((column) => column[t]!),
      table.errors?.map((column) => column[t]!),
    );
    if (t >= from) out.push(step);
  }
  return out;
}

/** The detectors of a training part, weighed against each other, without a threshold. */
function fitParts(train: Training): AnomalyModel {
  const models = train.columns.map((column, g) => fitGauge(column, train.errors?.[g]));
  const joint = train.gauges.length > 1 && train.gauges.length <= MOST_JOINT ? fitJoint(train, models) : undefined;
  const draft = { gauges: train.gauges, models, ...(joint && { joint }) };
  const steps = train.columns[0]!.length;
  const model: AnomalyModel = {
    ...draft,
    usual: detectorNames(draft).map(() => 1),
    threshold: Number.POSITIVE_INFINITY,
    steps,
    recent: [],
  };
  const seen = replay({ model, table: train, from: 0, to: steps });
  return { ...model, usual: model.usual.map((_, d) => mean(seen.map(({ detectors }) => detectors[d]!))) };
}

function slice({ gauges, columns, errors }: Training, from: number, to: number): Training {
  const part = (all: readonly Float64Array[]) => all.map((column) => column.slice(from, to));
  return { gauges, columns: part(columns), ...(errors && { errors: part(errors) }) };
}

/** A stream that goes on where the training part ended. */
export function openAnomalyModel(model: AnomalyModel): AnomalyStream {
  const stream = openCold(model, model.steps - model.recent.length);
  const known = (row: readonly (number | null)[]) => row.map((v) => v ?? Number.NaN);
  model.recent.forEach((row, t) => {
    stream(known(row), model.recentErrors && known(model.recentErrors[t]!));
  });
  return stream;
}

function openCold(model: AnomalyModel, start: number): AnomalyStream {
  const count = model.gauges.length;
  const streams: GaugeStream[] = model.models.map((gauge) => openGauge(gauge, start));
  const each = streams.map(() => new Float64Array(DETECTOR_NAMES.length));
  const scaled = new Float64Array(count);
  const places = placesOf(model);
  const top = Math.ceil(Math.sqrt(count));
  const usual = Float64Array.from(model.usual, (u) => Math.max(1, u));
  const running = usual.slice();
  let seen = PRIOR_STEPS;
  let lasting = 0;
  let threshold = model.threshold;
  return (values, errors) => {
    for (let g = 0; g < count; g++) scaled[g] = streams[g]!(values[g]!, each[g]!, errors?.[g] ?? Number.NaN);
    const detectors = new Float64Array(usual.length);
    places.forEach((place, d) => {
      detectors[d] =
        place < DETECTOR_NAMES.length
          ? meanOfTop(
              each.map((of) => of[place]!),
              top,
            )
          : surprise(model.joint!.tail, distance(model.joint!.components, scaled));
    });
    let sum = 0;
    seen++;
    for (let d = 0; d < detectors.length; d++) {
      // Weighed by what came before this step; then this step counts too.
      sum += detectors[d]! / Math.max(usual[d]!, running[d]!);
      running[d]! += (detectors[d]! - running[d]!) / seen;
    }
    // Squared: few detectors far out say more than many a little off.
    const now = (sum / detectors.length) ** 2;
    lasting += (1 - 2 ** (-1 / LASTING)) * (now - lasting);
    const score = PRESENT * now + lasting;
    const alert = score > threshold;
    // What lasts becomes the new normal: the threshold gives way, so that one change is not an alert for ever.
    const towards = alert ? score : model.threshold;
    if (Number.isFinite(towards)) threshold += (1 - 2 ** (-1 / (alert ? RAISE : RELAX))) * (towards - threshold);
    return { score, alert, detectors, gauges: strongest(model.gauges, each) };
  };
}

function fitJoint(train: GaugeTable, models: GaugeModel[]): AnomalyModel['joint'] {
  const size = train.columns.length;
  const steps = train.columns[0]!.length;
  const rows = new Float64Array(steps * size);
  train.columns.forEach((column, g) => {
    hold(column, models[g]!.scale).held.forEach((value, t) => {
      rows[t * size + g] = value;
    });
  });
  const components = fitComponents(rows, size);
  const scores = Float64Array.from({ length: steps }, (_, t) =>
    distance(components, rows.subarray(t * size, (t + 1) * size)),
  );
  return { components, tail: fitTail(scores, 0.05) };
}

function meanOfTop(values: number[], top: number): number {
  if (values.length === 1) return values[0]!;
  values.sort((a, b) => b - a);
  let sum = 0;
  for (let i = 0; i < top; i++) sum += values[i]!;
  return sum / top;
}

function strongest(gauges: readonly string[], each: readonly Float64Array[]): AnomalyStep['gauges'] {
  const sums = each.map((of) => of.reduce((a, b) => a + b, 0));
  const all = sums.reduce((a, b) => a + b, 0);
  const found: AnomalyStep['gauges'] = [];
  for (let k = 0; k < Math.min(3, gauges.length) && all > 0; k++) {
    let best = 0;
    for (let g = 1; g < sums.length; g++) if (sums[g]! > sums[best]!) best = g;
    if (sums[best]! <= 0) break;
    found.push({ gauge: gauges[best]!, share: sums[best]! / all });
    sums[best] = 0;
  }
  return found;
}

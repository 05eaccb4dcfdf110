// `cortex evaluate anomalies`: learns on the training part, scores the test part step by step, and only then opens the labels.

import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  AnomalyDataError,
  type AnomalyStep,
  crossFitAutoencoder,
  detectorNames,
  fitAnomalyModel,
  openAnomalyModel,
} from '../../anomaly/index.js';
import { auroc, seededRandom } from '../../metrics/index.js';
import { EvaluateInputError } from '../outcomes/index.js';
import { readLabels, readSteps, type Steps } from './read-series.js';
import { averagePrecision, bestF1, labelledSpans, ranked, vusPr } from './scores.js';

export interface RunEvaluateAnomaliesOptions {
  train?: string;
  test?: string;
  labels?: string;
  /** Instead of the three: a folder of NAME.train.csv, NAME.test.csv, NAME.labels.csv, each perhaps .gz. */
  series?: string;
  /** Writes `[series,]at,score,alert,gauge` of every test step, in order of time. */
  scores?: string;
  /** Alerting steps of 1,000 that are like the training part. Default 5. */
  alertsPer1000?: number;
  /** Of the autoencoder and the random baseline. Default 1. */
  seed?: number;
  /** Most optimiser steps of each of the two autoencoders of a series. Default 240; 0: without autoencoder. */
  autoencoderSteps?: number;
  onProgress?: (progress: { stage: string; share: number }) => void;
}

export interface AnomalyScores {
  /** null where no step is labelled: nothing can be found. */
  auc_pr: number | null;
  auc_roc: number | null;
  vus_pr: number | null;
  best_f1: number | null;
  /** Test steps in alert, of 1,000; consecutive ones counted once under `alarms_per_1000`. */
  alerts_per_1000: number;
  alarms_per_1000: number;
  /** Median steps from the start of a labelled span to its first alert, over those found; null when none was. */
  delay_steps: number | null;
  /** Share of the labelled spans with at least one alert inside. */
  spans_found: number | null;
  /** AUC-PR of each detector alone, calibrated and per step, and of a random score. */
  detectors: Record<string, number | null>;
}

export interface SeriesScores extends AnomalyScores {
  /** `out_of_order`: rows of both parts whose time lies before that of a row above them; steps are taken in order of time. */
  steps: { train: number; test: number; labelled: number; spans: number; out_of_order: number };
  threshold: number;
  /** The gauges that made the score of the steps in alert, by share. */
  gauges: { gauge: string; share: number }[];
}

export type AnomaliesDocument =
  | (SeriesScores & { seconds: number })
  | {
      series: Record<string, SeriesScores>;
      /** Over the series that have the figure; `auc_pr_all` counts a series without labels as 0. */
      mean: AnomalyScores & { auc_pr_all: number; series: number; scored: number };
      seconds: number;
    };

const VUS_BUFFER = 100;
/** Share of a series' time that its autoencoders take, about. */
const LEARNING = 0.6;

interface Files {
  name: string;
  train: string;
  test: string;
  labels: string;
}

/** @throws EvaluateInputError naming file, line and field. */
export async function runEvaluateAnomalies(options: RunEvaluateAnomaliesOptions): Promise<AnomaliesDocument> {
  const started = performance.now();
  const files = options.series === undefined ? [oneSeries(options)] : await seriesIn(options.series);
  const out = options.scores === undefined ? undefined : await openScores(options.scores, options.series !== undefined);
  const found: Record<string, SeriesScores> = {};
  for (const [i, one] of files.entries()) {
    const progress = (share: number) =>
      options.onProgress?.({
        stage: files.length === 1 ? 'learning and scoring' : `learning and scoring ${files.length} series`,
        share: (i + share) / files.length,
      });
    progress(0);
    found[one.name] = await scoreSeries(one, options, out, progress);
  }
  await out?.close();
  const seconds = (performance.now() - started) / 1000;
  if (options.series === undefined) return { ...found[files[0]!.name]!, seconds };
  return { series: found, mean: meanOf(Object.values(found)), seconds };
}

async function scoreSeries(
  files: Files,
  { alertsPer1000 = 5, seed = 1, autoencoderSteps: most = 240 }: RunEvaluateAnomaliesOptions,
  out: ScoreFile | undefined,
  progress: (share: number) => void,
): Promise<SeriesScores> {
  const train = await readSteps(files.train);
  // Both are read before anything is learned: what is wrong with a file is said at once.
  const test = await readSteps(files.test, train.gauges);
  const autoencoder =
    most > 0
      ? await crossFitAutoencoder(train, { seed, steps: most, onProgress: (share) => progress(LEARNING * share) })
      : undefined;
  let model: ReturnType<typeof fitAnomalyModel>;
  try {
    model = fitAnomalyModel(train, { alertsPer1000, ...(autoencoder && { errors: autoencoder.errors }) });
  } catch (error) {
    if (error instanceof AnomalyDataError) throw new EvaluateInputError(files.train, error.message);
    throw error;
  }
  const names = detectorNames(model);
  const stream = openAnomalyModel(model);
  const errors = await autoencoder?.errorsOf(test);
  await autoencoder?.release();
  const steps = test.at.length;
  const score = new Float64Array(steps);
  const alert = new Uint8Array(steps);
  const alone = names.map(() => new Float64Array(steps));
  const blame = new Map<string, number>();
  const row = new Float64Array(train.gauges.length);
  for (let t = 0; t < steps; t++) {
    if (t % 256 === 0) progress(LEARNING + (1 - LEARNING) * (t / steps));
    for (let g = 0; g < row.length; g++) row[g] = test.columns[g]![t]!;
    const step = stream(
      row,
      errors?.map((column) => column[t]!),
    );
    score[t] = step.score;
    alert[t] = step.alert ? 1 : 0;
    step.detectors.forEach((s, d) => {
      alone[d]![t] = s;
    });
    if (step.alert) for (const { gauge, share } of step.gauges) blame.set(gauge, (blame.get(gauge) ?? 0) + share);
    await out?.write(files.name, test, t, step);
  }
  // Everything is scored; only now are the labels opened.
  const label = await readLabels(files.labels, test);
  const random = seededRandom(seed);
  const noise = Float64Array.from({ length: steps }, random);
  const spans = labelledSpans(label);
  const delays = spans.flatMap(({ from, to }) => {
    const first = alert.subarray(from, to + 1).indexOf(1);
    return first < 0 ? [] : [first];
  });
  const ranks = ranked(score);
  const has = spans.length > 0;
  const areaOf = (s: Float64Array) => (has ? averagePrecision(ranked(s), label) : null);
  const blamed = [...blame.values()].reduce((a, b) => a + b, 0);
  return {
    auc_pr: has ? averagePrecision(ranks, label) : null,
    auc_roc: has ? auroc(score, label) : null,
    vus_pr: has ? vusPr(ranks, label, VUS_BUFFER) : null,
    best_f1: has ? bestF1(ranks, label) : null,
    alerts_per_1000: (1000 * alert.reduce((a, b) => a + b, 0)) / steps,
    alarms_per_1000: (1000 * labelledSpans(alert).length) / steps,
    delay_steps: delays.length ? delays.sort((a, b) => a - b)[(delays.length - 1) >> 1]! : null,
    spans_found: has ? delays.length / spans.length : null,
    detectors: { ...Object.fromEntries(names.map((name, d) => [name, areaOf(alone[d]!)])), random: areaOf(noise) },
    steps: {
      train: train.at.length,
      test: steps,
      labelled: label.reduce((a, b) => a + b, 0),
      spans: spans.length,
      out_of_order: train.outOfOrder + test.outOfOrder,
    },
    threshold: model.threshold,
    gauges: [...blame]
      .map(([gauge, sum]) => ({ gauge, share: sum / blamed }))
      .sort((a, b) => b.share - a.share)
      .slice(0, 10),
  };
}

function oneSeries({ train, test, labels }: RunEvaluateAnomaliesOptions): Files {
  if (train === undefined || test === undefined || labels === undefined)
    throw new EvaluateInputError(
      train ?? test ?? labels ?? '--train',
      'give --train, --test and --labels together, or --series DIR',
    );
  return { name: 'series', train, test, labels };
}

async function seriesIn(folder: string): Promise<Files[]> {
  const listed = await readdir(folder).catch((error: Error) => {
    throw new EvaluateInputError(folder, `cannot be read: ${error.message}`);
  });
  const names = [
    ...new Set(listed.flatMap((file) => /^(.+)\.(?:train|test|labels)\.csv(?:\.gz)?$/.exec(file)?.[1] ?? [])),
  ];
  if (!names.length) throw new EvaluateInputError(folder, 'holds no NAME.train.csv, NAME.test.csv, NAME.labels.csv');
  return names.sort().map((name) => {
    const part = (kind: string) => {
      const file = [`${name}.${kind}.csv`, `${name}.${kind}.csv.gz`].find((f) => listed.includes(f));
      if (file === undefined) throw new EvaluateInputError(join(folder, `${name}.${kind}.csv`), 'is missing');
      return join(folder, file);
    };
    return { name, train: part('train'), test: part('test'), labels: part('labels') };
  });
}

function meanOf(all: readonly SeriesScores[]): AnomalyScores & { auc_pr_all: number; series: number; scored: number } {
  const over = (pick: (s: SeriesScores) => number | null): number | null => {
    const known = all.map(pick).filter((x) => x !== null);
    return known.length ? known.reduce((a, b) => a + b, 0) / known.length : null;
  };
  const names = [...new Set(all.flatMap((s) => Object.keys(s.detectors)))];
  return {
    auc_pr: over((s) => s.auc_pr),
    auc_roc: over((s) => s.auc_roc),
    vus_pr: over((s) => s.vus_pr),
    best_f1: over((s) => s.best_f1),
    alerts_per_1000: over((s) => s.alerts_per_1000) ?? 0,
    alarms_per_1000: over((s) => s.alarms_per_1000) ?? 0,
    delay_steps: over((s) => s.delay_steps),
    spans_found: over((s) => s.spans_found),
    detectors: Object.fromEntries(names.map((name) => [name, over((s) => s.detectors[name] ?? null)])),
    auc_pr_all: over((s) => s.auc_pr ?? 0) ?? 0,
    series: all.length,
    scored: all.filter((s) => s.auc_pr !== null).length,
  };
}

interface ScoreFile {
  write(series: string, test: Steps, t: number, step: AnomalyStep): Promise<void>;
  close(): Promise<void>;
}

async function openScores(file: string, named: boolean): Promise<ScoreFile> {
  const out = createWriteStream(file);
  await once(out, 'open').catch((error: Error) => {
    throw new EvaluateInputError(file, `cannot be written: ${error.message}`);
  });
  out.write(`${named ? 'series,' : ''}at,score,alert,gauge\n`);
  return {
    async write(series, test, t, { score, alert, gauges }) {
      const name = named ? `${cell(series)},` : '';
      const line = `${name}${cell(test.atText[t]!)},${score},${alert ? 1 : 0},${cell(gauges[0]?.gauge ?? '')}\n`;
      if (!out.write(line)) await once(out, 'drain');
    },
    async close() {
      out.end();
      await once(out, 'finish');
    },
  };
}

function cell(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

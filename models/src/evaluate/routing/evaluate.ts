// `evaluate routing`: trains on one file with the code that the trainer runs, asks the router about the other, and scores the answers.
// The one thing to know: labels of the test file are first looked at after every answer is there (`score.ts`).
import { writeFile } from 'node:fs/promises';
import type { Encoder } from '../../encoder/index.js';
import type { RouteQuery } from '../../experts/expert.js';
import {
  type Costs,
  type ExpertMaker,
  loadServedRouter,
  type MasterProfile,
  type Progress,
  type RouteResult,
  type RouterModel,
  trainRouter,
} from '../../router/index.js';
import { linearAnswers, nearestDescriptionAnswers, ruleAnswers } from './baselines.js';
import { MastersInvalid } from './errors.js';
import { type LabelledFile, type LabelledRow, readLabelled, readMasters, requireChoice } from './input.js';
import { type Answers, type RoutingDocument, scoreRouting } from './score.js';

export interface EvaluateRoutingOptions {
  /** Training rows, JSON lines, perhaps .gz. Absent with `masters` (zero-shot) or `model`. */
  train?: string;
  test: string;
  /** JSON list of {"name", "description"}. */
  masters?: string;
  /** Where to write one row a test row. */
  predictions?: string;
  /** A saved router's folder: scored as it is, nothing is trained. */
  model?: string;
  /** Default 1. */
  seed?: number;
  encoder?: Encoder;
  /** Further experts to train into the ensemble. */
  experts?: readonly ExpertMaker[];
  costs?: Costs;
  /** Baselines cost time; false leaves them out (null in the document). Default true. */
  baselines?: boolean;
  onProgress?: (progress: Progress) => void;
  signal?: AbortSignal;
}

export class NothingToEvaluate extends Error {
  constructor() {
    super('give --train FILE, or --masters FILE for zero-shot, or --model FOLDER');
    this.name = 'NothingToEvaluate';
  }
}

const BATCH = 256;
const TIMED = 200;

/**
 * @throws EvaluationInputError (file, line, field) for bad input, RouterLoadError for a bad model folder,
 * NothingToEvaluate when there is neither rows nor masters nor a model.
 */
export async function runEvaluateRouting(options: EvaluateRoutingOptions): Promise<RoutingDocument> {
  if (!options.train && !options.masters && !options.model) throw new NothingToEvaluate();
  const test = await readLabelled(options.test);
  const train = options.train ? await readLabelled(options.train) : undefined;
  const masters = options.masters ? await readMasters(options.masters) : [];
  if (train) requireChoice(train, masters);
  else if (masters.length === 1 && !options.model)
    throw new MastersInvalid(options.masters ?? '', '[0]', 'at least two masters are needed');
  const texts = test.rows.map(({ text }) => text);
  const started = performance.now();
  const model = options.model
    ? await loadServedRouter(options.model, options.encoder)
    : await trainOn(train?.rows ?? [], masters, options);
  const trainSeconds = options.model ? 0 : (performance.now() - started) / 1000;
  const answers = await askAll(
    model,
    test.rows.map(({ text, history = {} }) => ({ text, history })),
    options,
  );
  const known = model.state.masters;
  const baselines = options.baselines ?? true;
  options.onProgress?.({ stage: 'baselines', done: 0 });
  const rule = baselines ? ruleAnswers(known, train?.rows ?? [], texts) : null;
  const linear =
    baselines && train?.rows.some(({ label }) => label !== null)
      ? await linearAnswers(train.rows, texts, options.signal)
      : null;
  const described = known.some(({ description }) => description) && options.encoder && baselines;
  const nearest = described ? await nearestDescriptionAnswers(known, texts, options.encoder!) : null;
  options.onProgress?.({ stage: 'baselines', done: 1 });
  const document = scoreRouting({
    test,
    train: train && { rows: train.rows.length, bad: train.bad },
    answers,
    model,
    trainSeconds,
    baselines: { rule, linear, nearest },
    seed: options.seed ?? 1,
  });
  for (const mistake of document.worst_mistakes) {
    const [again] = await model.route([{ text: texts[mistake.row]!, history: test.rows[mistake.row]!.history ?? {} }], {
      useCascade: false,
    });
    mistake.explanation = again!.explanation;
  }
  if (options.predictions) await writePredictions(options.predictions, test, answers.full, answers.cascade);
  return document;
}

function trainOn(rows: readonly LabelledRow[], masters: readonly MasterProfile[], options: EvaluateRoutingOptions) {
  const { encoder, seed, experts, costs, onProgress, signal } = options;
  return trainRouter({ masters, rows, encoder, seed, experts, costs, onProgress, signal });
}

async function askAll(
  model: RouterModel,
  asked: readonly RouteQuery[],
  options: EvaluateRoutingOptions,
): Promise<Answers> {
  // Single questions first, while the encoder has not seen the texts: these are the served times, encoder pass included.
  const step = Math.max(1, Math.floor(asked.length / TIMED));
  const timed = asked.filter((_, i) => i % step === 0).slice(0, TIMED);
  await model.route([{ text: 'a first question, so that code is warm' }], { useCascade: false });
  const times: RouteResult[] = [];
  for (const query of timed) times.push(...(await model.route([query])));
  const everything: RouteResult[] = [];
  for (const query of timed) everything.push(...(await model.route([query], { useCascade: false })));
  const full: RouteResult[] = [];
  const cascade: RouteResult[] = [];
  for (let from = 0; from < asked.length; from += BATCH) {
    options.signal?.throwIfAborted();
    const queries = asked.slice(from, from + BATCH);
    full.push(...(await model.route(queries, { useCascade: false, explain: false })));
    cascade.push(...(await model.route(queries, { explain: false })));
    options.onProgress?.({ stage: 'asking', done: Math.min(1, (from + BATCH) / asked.length) });
  }
  return { times, everything, full, cascade };
}

async function writePredictions(
  file: string,
  test: LabelledFile,
  full: readonly RouteResult[],
  cascade: readonly RouteResult[],
): Promise<void> {
  const lines = full.map((result, i) =>
    JSON.stringify({
      line: test.rows[i]!.line,
      prediction: result.master,
      confidence: result.confidence,
      scope: result.scope,
      abstain: result.abstain,
      abstain_reason: result.abstain_reason,
      candidates: result.candidates,
      conformal: result.conformal,
      probabilities: result.probabilities,
      exit: cascade[i]!.exit,
      cascade: { prediction: cascade[i]!.master, confidence: cascade[i]!.confidence },
    }),
  );
  await writeFile(file, `${lines.join('\n')}\n`);
}

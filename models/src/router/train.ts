// Trains a router on rows: cross-fit every voice, learn all that the ensemble needs from the held-out scores, then make the voices on all rows.
// The one thing to know: it works from no row at all (descriptions only) to tens of thousands; what there is too little of is replaced by
// stated priors, and `notes` says so.
import { createHash } from 'node:crypto';
import { type LogisticModel, largest } from '../calibration/index.js';
import { fitConformal } from '../conformal/index.js';
import type { Encoder } from '../encoder/index.js';
import { expectedCalibrationError } from '../metrics/index.js';
import { namedOdds } from './compose.js';
import { crossFit, leftOutLabels, makeAll } from './cross-fit.js';
import { fitEarlyExit, leavesEarly } from './early-exit.js';
import { assignFolds } from './folds.js';
import { learnNewcomer, NEWCOMER_PRIOR } from './newcomer.js';
import { tryVoice } from './on-trial.js';
import { describeMasters, type Profiles, pickProfiles } from './profiles.js';
import { RouterModel } from './router-model.js';
import { fitStage, judge, type StageFit, type StageJudged, type StageProblem } from './stage.js';
import type { RouterState } from './state.js';
import {
  abstainBelow,
  type Costs,
  DEFAULT_COSTS,
  type HeldOutAnswer,
  type MasterProfile,
  type Progress,
  type TrainingRow,
} from './types.js';
import type { VoiceMaker, VoiceRows } from './voice.js';
import { chooseCost, embeddingMaker } from './voices/embedding.js';
import { type ExpertMaker, outsideMaker } from './voices/outside.js';
import { profileMaker } from './voices/profile.js';
import { retrievalMaker } from './voices/retrieval.js';
import { hasRules, rulesOf } from './voices/rules.js';
import { wordsMaker } from './voices/words.js';

export interface TrainRouterOptions {
  masters: readonly MasterProfile[];
  rows: readonly TrainingRow[];
  /** Without it only words (and outside experts that need no vector) speak, and the notes say so. */
  encoder?: Encoder;
  /** Default: an error costs 5 times as much as asking. */
  costs?: Costs;
  /** Default 1. */
  seed?: number;
  /** Further experts, e.g. the network; made once a fold. */
  experts?: readonly ExpertMaker[];
  /** Accuracy that leaving early may cost. Default 0.002. */
  exitLoss?: number;
  /** Share of tasks that no master fits, where the rows do not say more. Default 0.05. */
  outsideShare?: number;
  /** Called once with the answers to rows kept out of training, when there are enough rows to judge by: what audits and gates are made of. */
  onHeldOut?: (answers: HeldOutAnswer[]) => void;
  onProgress?: (progress: Progress) => void;
  signal?: AbortSignal;
}

/** Rows that stand in for outsiders at most, and how many given outsiders make them unnecessary. */
const LEFT_OUT_ROWS = 1500;
const ENOUGH_OUTSIDERS = 40;

export async function trainRouter(options: TrainRouterOptions): Promise<RouterModel> {
  const { encoder, costs = DEFAULT_COSTS, seed = 1, signal, exitLoss = 0.002 } = options;
  const report = (stage: string, done: number) => options.onProgress?.({ stage, done });
  const { masters, rows, labels, refused, places } = collect(options);
  const encode = async (texts: readonly string[], stage: string) => {
    if (!encoder) throw new Error('no encoder');
    const vectors: Float32Array[] = [];
    for (let from = 0; from < texts.length; from += 512) {
      vectors.push(...(await encoder.encode(texts.slice(from, from + 512), { signal })));
      report(stage, Math.min(1, (from + 512) / texts.length));
    }
    return vectors;
  };
  const profiles = await describeMasters(masters, encoder && ((texts) => encode(texts, 'encoding profiles')));
  const vectors = encoder
    ? await encode(
        rows.map(({ text }) => text),
        'encoding',
      )
    : undefined;
  const number = new Map(labels.map((label, k) => [label, k]));
  const refusedVectors =
    encoder && refused.length > 0
      ? await encode(
          refused.map(({ text }) => text),
          'encoding',
        )
      : undefined;
  const data: VoiceRows = {
    texts: rows.map(({ text }) => text),
    vectors,
    target: Int32Array.from(rows, ({ label }) => (label === null ? -1 : number.get(label)!)),
    weights: Float32Array.from(rows, ({ weight }) => weight ?? 1),
    histories: rows.some(({ history }) => history) ? rows.map(({ history }) => history) : undefined,
    outcomes: rows.some(({ outcome }) => outcome) ? rows.map(({ outcome }) => outcome) : undefined,
    labels,
    seed,
    ...refusedTexts(refused, refusedVectors, number),
  };
  const outsiders = rows.filter(({ label }) => label === null).length;
  const outsideShare = Math.min(0.5, Math.max(options.outsideShare ?? 0.05, rows.length ? outsiders / rows.length : 0));
  const state = blankState(masters, labels, [...rows, ...refused], encoder, costs, seed);
  if (!labels.length) {
    state.notes.push('no training rows: masters are found by what they say of themselves; odds rest on priors');
    return RouterModel.assemble(state, [], profiles, encoder);
  }

  const folds = labels.length * rows.length > 5e6 ? 3 : 5;
  const fold = await assignFolds(data.texts, vectors, folds, seed);
  report('choosing how closely to fit', 0);
  const cost = vectors ? await chooseCost(data, fold, signal) : 0;
  report('choosing how closely to fit', 1);
  const offered = makersFor(options, masters, labels, profiles, cost);
  const makers = offered.filter(({ onTrial }) => !onTrial);
  let cross = await crossFit(makers, data, fold, folds, {
    signal,
    onProgress: (done) => report('cross-fitting', done),
  });
  const judged = judgedRows(data.target, fold, labels.length);
  for (const maker of offered.filter(({ onTrial }) => onTrial)) {
    const stage = `trying ${maker.name}`;
    const priors = makers.map(({ priorWeight }) => priorWeight);
    const tried = await tryVoice(
      maker,
      { rows: data, fold, folds, cross, priors, judged },
      { signal, onProgress: (done) => report(stage, done) },
    );
    ({ cross } = tried);
    if (tried.kept) makers.push(maker);
    if (tried.trial) state.metrics[`${maker.name}_gain`] = tried.trial.gain;
    state.notes.push(trialNote(maker.name, tried));
  }
  const nulls = indices(data.target, (label) => label < 0);
  const leftOut =
    nulls.length < ENOUGH_OUTSIDERS
      ? await leftOutLabels(makers, data, fold, LEFT_OUT_ROWS, {
          signal,
          onProgress: (done) => report('left-out labels', done),
        })
      : [];
  state.voices = makers.map((maker, v) => ({
    name: maker.name,
    signals: [...cross.signals[v]!],
    needsVector: maker.needsVector,
    temperature: maker.priorWeight,
    outside: options.experts?.some(({ name }) => name === maker.name) ?? false,
  }));
  report('calibrating', 0);
  const problem: StageProblem = {
    names: makers.map(({ name }) => name),
    voices: [],
    priors: makers.map(({ priorWeight }) => priorWeight),
    labels: labels.length,
    cross,
    target: data.target,
    judged,
    nulls,
    leftOut,
    outsideShare,
  };
  const fit = (voices: number[]) => fitStage({ ...problem, voices });
  const all = makers.map((_, v) => v);
  const cheap = all.filter((v) => !makers[v]!.needsVector);
  state.words = await fit(cheap);
  state.full = cheap.length < all.length ? await fit(all) : null;
  for (const v of all) state.voices[v]!.temperature = (state.full ?? state.words).temperatures[v]!;
  const answers = await calibrate(state, problem, exitLoss, rows.length, refused.length);
  options.onHeldOut?.(
    answers.flatMap((answer) => {
      const row = places[answer.row];
      return row === undefined ? [] : [{ ...answer, row }];
    }),
  );
  state.newcomer = (await learnNewcomer(profiles, data)) ?? NEWCOMER_PRIOR;
  if (vectors) state.metrics.embedding_cost = cost;
  report('calibrating', 1);
  report('fitting on all rows', 0);
  const voices = await makeAll(makers, data, signal);
  report('fitting on all rows', 1);
  if (judged.length < 30) state.notes.push(`only ${judged.length} rows to judge by: weights and odds rest on priors`);
  if (state.words.scope.outsiders === 'left-out') {
    state.notes.push('no examples of tasks that no master fits: labels kept out of training stood in for them');
  }
  return RouterModel.assemble(state, voices, profiles, encoder);
}

/** Masters and rows in one piece: registered examples are rows, labels of rows are masters. */
function collect({ masters, rows }: TrainRouterOptions) {
  const known = new Map(masters.map((master) => [master.name, master]));
  for (const { label } of rows) if (label !== null && !known.has(label)) known.set(label, { name: label });
  const all: TrainingRow[] = [];
  const refused: TrainingRow[] = [];
  // Where each row stood among those that were given; registered examples did not.
  const labelledPlaces: (number | undefined)[] = [];
  const refusedPlaces: number[] = [];
  for (const [i, row] of rows.entries()) {
    if (row.not !== undefined) continue;
    all.push(row);
    labelledPlaces.push(i);
  }
  for (const master of masters) {
    for (const text of master.examples ?? []) {
      all.push({ text, label: master.name });
      labelledPlaces.push(undefined);
    }
  }
  const withRows = new Set(all.map(({ label }) => label));
  const labels = [...known.keys()].filter((name) => withRows.has(name)).sort();
  for (const [i, row] of rows.entries()) {
    // A master without a row of its own has nothing to be told from.
    if (row.not === undefined || !withRows.has(row.not)) continue;
    refused.push(row);
    refusedPlaces.push(i);
  }
  return {
    masters: [...known.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    rows: all,
    labels,
    refused,
    places: [...labelledPlaces, ...refusedPlaces],
  };
}

/** What failed with a master, and nobody knows whose it is. */
function refusedTexts(
  rows: readonly TrainingRow[],
  vectors: readonly Float32Array[] | undefined,
  number: ReadonlyMap<string, number>,
): Pick<VoiceRows, 'refused'> {
  if (rows.length === 0) return {};
  return {
    refused: {
      texts: rows.map(({ text }) => text),
      ...(vectors ? { vectors } : {}),
      target: Int32Array.from(rows, ({ not }) => number.get(not ?? '') ?? 0),
      weights: Float32Array.from(rows, ({ weight }) => weight ?? 1),
    },
  };
}

function makersFor(
  options: TrainRouterOptions,
  masters: readonly MasterProfile[],
  labels: readonly string[],
  profiles: Profiles,
  cost: number,
): VoiceMaker[] {
  const makers: VoiceMaker[] = [wordsMaker];
  if (hasRules(masters)) {
    const rules = rulesOf(masters);
    makers.push(outsideMaker({ name: 'rule', needsEmbedding: false, make: () => rules }));
  }
  if (options.encoder) {
    const own = pickProfiles(
      profiles,
      labels.map((label) => profiles.names.indexOf(label)),
    );
    makers.push(embeddingMaker(cost), retrievalMaker, profileMaker(own));
  }
  for (const expert of options.experts ?? []) {
    if (!expert.needsEmbedding || options.encoder) makers.push(outsideMaker(expert));
  }
  return makers;
}

function trialNote(name: string, { kept, trial }: Awaited<ReturnType<typeof tryVoice>>): string {
  if (!trial) return `${name}: not tried, there are too few rows to judge it by`;
  const { low, high } = trial.interval;
  const figures = `log loss saved a row ${trial.gain.toFixed(4)}, 95 % interval ${low.toFixed(4)} to ${high.toFixed(4)}`;
  return kept
    ? `${name}: kept, it helps on held-out rows (${figures})`
    : `${name}: left out, it is not sure to help (${figures})`;
}

/** Rows with a label that also has rows in another fold: the voices that judge them knew the label. */
function judgedRows(target: Int32Array, fold: Int32Array, labels: number): number[] {
  const first = new Int32Array(labels).fill(-1);
  const several = new Uint8Array(labels);
  target.forEach((label, r) => {
    if (label < 0) return;
    if (first[label] === -1) first[label] = fold[r]!;
    else if (first[label] !== fold[r]) several[label] = 1;
  });
  return indices(target, (label) => label >= 0 && several[label] === 1);
}

function indices(target: Int32Array, wanted: (label: number) => boolean): number[] {
  const found: number[] = [];
  target.forEach((label, r) => {
    if (wanted(label)) found.push(r);
  });
  return found;
}

/** Early exit, conformal sets and the figures of the held-out rows. */
async function calibrate(
  state: RouterState,
  problem: StageProblem,
  exitLoss: number,
  rows: number,
  refused: number,
): Promise<HeldOutAnswer[]> {
  const { cross, judged, target, labels, nulls, outsideShare } = problem;
  if (judged.length < 30) return [];
  const truth = judged.map((r) => target[r]!);
  const words = judge(state.words, cross, labels, judged);
  const full = state.full ? judge(state.full, cross, labels, judged) : words;
  const outsiders = judge(state.words, cross, labels, nulls);
  const exit = state.full
    ? await fitEarlyExit({
        words,
        full,
        target: truth,
        labels,
        outsiders,
        outsideShare,
        allowed: exitLoss,
        floor: abstainBelow(state.costs),
      })
    : undefined;
  const sets = (odds: (row: number) => Float64Array) =>
    fitConformal(
      truth.map((label, i) => odds(i)[label]!),
      truth,
      labels,
    );
  state.exit = exit ?? null;
  state.sets = {
    words: sets((i) => words.examples[i]!.odds),
    full: sets((i) => full.examples[i]!.odds),
    cascade: sets(
      (i) => (exit && leavesEarly(exit, words.examples[i]!, words.scope[i]!) ? words : full).examples[i]!.odds,
    ),
  };
  Object.assign(state.metrics, figures('words', words, truth), figures('full', full, truth));
  if (exit) Object.assign(state.metrics, { early_exit_share: exit.share, early_exit_loss: exit.loss });
  const threshold = abstainBelow(state.costs);
  const answer = (words: StageJudged, full: StageJudged, row: number, i: number): HeldOutAnswer => {
    const stage = exit && leavesEarly(exit, words.examples[i]!, words.scope[i]!) ? words : full;
    const { odds } = stage.examples[i]!;
    const best = largest(odds);
    const [confidence, scope] = [odds[best]!, stage.scope[i]!];
    const master = state.labels[best]!;
    return {
      ...{ row, master, confidence, scope },
      odds: namedOdds(state.labels, odds),
      abstain: confidence * scope < threshold,
    };
  };
  // Nothing is learnt from these: nobody knows the right answer.
  const others = Array.from({ length: refused }, (_, i) => rows + i);
  const otherWords = judge(state.words, cross, labels, others);
  const otherFull = state.full ? judge(state.full, cross, labels, others) : otherWords;
  return [
    ...judged.map((row, i) => answer(words, full, row, i)),
    ...others.map((row, i) => answer(otherWords, otherFull, row, i)),
  ];
}

function figures(name: string, { examples }: StageJudged, truth: readonly number[]) {
  const best = examples.map(({ odds }) => largest(odds));
  const right = truth.map((label, i) => best[i] === label);
  const confidence = examples.map(({ odds }, i) => odds[best[i]!]!);
  const accuracy = right.filter(Boolean).length / Math.max(1, truth.length);
  return { [`${name}_accuracy`]: accuracy, [`${name}_ece`]: expectedCalibrationError(confidence, right) };
}

function blankState(
  masters: MasterProfile[],
  labels: string[],
  rows: readonly TrainingRow[],
  encoder: Encoder | undefined,
  costs: Costs,
  seed: number,
): RouterState {
  const hash = createHash('sha256');
  for (const { text, label, weight, not, history } of rows) {
    const more = [...(not === undefined ? [] : [{ not }]), ...(history ? [history] : [])];
    hash.update(`${JSON.stringify([text, label, weight ?? 1, ...more])}\n`);
  }
  const none: StageFit = {
    voices: [],
    weights: [],
    temperatures: [],
    scope: { logistic: NEWCOMER_PRIOR, outsiders: 'none', outsideShare: 0.05 },
    origin: 'prior',
  };
  return {
    labels,
    masters,
    encoder: encoder ? { id: encoder.id, dimensions: encoder.dimensions } : null,
    voices: [],
    words: none,
    full: null,
    exit: null,
    sets: null,
    newcomer: NEWCOMER_PRIOR satisfies LogisticModel,
    costs,
    seed,
    trained_at: new Date().toISOString(),
    data: {
      rows: rows.length,
      outsiders: rows.filter(({ label, not }) => label === null && not === undefined).length,
      fingerprint: hash.digest('hex'),
    },
    metrics: {},
    notes: encoder ? [] : ['no encoder: words (and rules) are the only voices'],
  };
}

// Learning: rows in, a network as plain arrays out, repeatable by seed.
// The one thing to know: three stages. (1) Route and success on 90 % of the rows, stopped by the held-out 10 %;
// (2) temperature, odds of success and confidence head on the held-out rows, which the router has not seen (on its own rows it would be
// overconfident); (3) route and success once more on all rows, for as many passes as stage 1 found best.
import { type BackendChoice, chooseBackend, type Matrix } from '../backend/index.js';
import { seededRandom } from '../metrics/index.js';
import { type Calibrated, fitConfidence } from './confidence.js';
import { freshParameters } from './parameters.js';
import { holdOut, packRows } from './rows.js';
import { Run, type Trained } from './run.js';
import { DEFAULTS, type MoeSettings, type MoeTrainOptions } from './settings.js';
import type { MoeMaster, MoeModel, MoeRow } from './types.js';

/** Below this many held-out rows nothing can be stopped or calibrated by them. */
const FEWEST_HELD_OUT = 20;

/**
 * Trains on `rows` among `masters`, each with its description. Who has no row takes no part in the training, where it could only be
 * learned as wrong, and stands in the network as a newcomer.
 * Without any rows the network is what it is at birth: nearest-description search.
 * Blocks the thread for the length of a step; see `trainMoeInChild` for a way that does not.
 * @throws MoeDataError for a row that cannot be learned from, TrainingDivergedError when the loss stops being a number.
 */
export async function trainMoe(
  rows: readonly MoeRow[],
  masters: readonly MoeMaster[],
  options: MoeTrainOptions = {},
  backend?: BackendChoice,
): Promise<MoeModel> {
  const settings: MoeSettings = { ...DEFAULTS, ...options };
  const chosen = backend ?? (await chooseBackend());
  const { tf } = chosen;
  const started = performance.now();
  const seen = mastersOf(rows, masters);
  const packed = packRows(rows, seen);
  const random = seededRandom(settings.seed);
  const split = holdOut(packed, settings.heldOutShare, random);
  const stops = split.held.length >= FEWEST_HELD_OUT;
  const everything = Int32Array.from({ length: packed.count }, (_, i) => i);
  const birth = freshParameters(packed.dimensions, random);

  const fixed = settings.fixedEpochs ?? (stops ? undefined : packed.count > 0 ? settings.epochs : 0);
  const found: { epochs: number; calibrated?: Calibrated } = { epochs: fixed ?? 0 };
  const inOneRun = async (learn: (run: Run) => Promise<unknown>): Promise<Trained> => {
    const run = new Run(tf, packed, settings, birth, random);
    try {
      await learn(run);
      return run.trained();
    } finally {
      run.dispose();
    }
  };
  let result = await inOneRun(async (run) => {
    if (fixed !== undefined) return run.learn('refit', everything, undefined, fixed);
    found.epochs = await run.learn('search', split.train, split.held);
    found.calibrated = await fitConfidence(tf, run.variables, packed, split.held);
  });
  if (fixed === undefined && settings.refit) {
    const searched = result.steps;
    result = await inOneRun((run) => run.learn('refit', everything, undefined, found.epochs));
    result.steps += searched;
  }
  const weights = {
    ...result.weights,
    ...(found.calibrated?.parameters ?? settings.calibration),
  };
  if (packed.count > 0)
    weights.newcomer = welcomed(weights.newcomer!, settings.newcomerBonus * weights.temperature!.values[0]!);
  return {
    dimensions: packed.dimensions,
    masters: masters.map(({ name, description }) => ({ name, description })),
    weights,
    learned: withNewcomers(result.learned, weights.newcomer!, seen, masters),
    knowsSuccess: packed.anyOutcome,
    knowsHistory: packed.anyHistory,
    report: {
      rows: packed.count,
      heldOutRows: fixed === undefined ? split.held.length : 0,
      epochs: found.epochs,
      steps: result.steps,
      seconds: (performance.now() - started) / 1000,
      seed: settings.seed,
      backend: chosen.name,
      heldOut: found.calibrated?.scores ?? null,
    },
  };
}

/** The newcomers' row with `bonus` added to its last column, the bias. */
function welcomed({ shape, values }: Matrix, bonus: number): Matrix {
  return { shape, values: values.map((value, i) => (i === values.length - 1 ? value + bonus : value)) };
}

/** The masters that occur in the rows; all of them when none does. */
function mastersOf(rows: readonly MoeRow[], masters: readonly MoeMaster[]): readonly MoeMaster[] {
  const names = new Set(rows.flatMap(({ label, outcome }) => [label, outcome?.master]));
  const seen = masters.filter(({ name }) => names.has(name));
  return seen.length > 0 ? seen : masters;
}

/** One learned row a master, in the order of `masters`; the newcomers' row for those not in `seen`. */
function withNewcomers(
  learned: Matrix,
  newcomer: Matrix,
  seen: readonly MoeMaster[],
  masters: readonly MoeMaster[],
): Matrix {
  const width = newcomer.values.length;
  const rowOf = new Map(seen.map(({ name }, i) => [name, learned.values.subarray(i * width, (i + 1) * width)]));
  const values = new Float32Array(masters.length * width);
  masters.forEach(({ name }, i) => {
    values.set(rowOf.get(name) ?? newcomer.values, i * width);
  });
  return { shape: [masters.length, width], values };
}

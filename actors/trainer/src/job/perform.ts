// The stages of a job: collect, search (when asked for), train, publish. Each leaves its result on disk, so that a job begun again skips it.
import { openMasters } from '@cortex/bus';
import { type OutcomeRow, type RawRow, reportOf, type TrainingRow } from '@cortex/models';
import type { JobState, TrainJob } from '@cortex/schemas';
import { runChild, TrainingDied, TrainingFailed } from '../family/child.js';
import { fingerprintOf, type TrainingFacts } from '../family/facts.js';
import { NotTrainable, type TrainedFamily } from '../family/families.js';
import { KINDS } from '../family/kinds.js';
import type { PairRow } from '../family/train-encoder.js';
import { TrainingDataError } from '../family/train-family.js';
import { type Collected, collectRows, lastOfLog } from '../rows/collect.js';
import { putLines } from '../rows/sift.js';
import { putWhole } from '../rows/whole.js';
import { search } from '../search/search.js';
import { JobFolder, type KeptRows } from './folder.js';
import { openLog } from './log.js';
import type { Workshop } from './workshop.js';

export interface Performed {
  readonly version: string;
  readonly facts: TrainingFacts;
  readonly rows: KeptRows;
}

/** Where a job stands and how its state changes: a document on the board, or, for one that runs beside the bus, a value in memory. */
export interface Hand {
  readonly state: JobState;
  /** @throws Outrun when another trainer has the job now. */
  change(fields: Partial<JobState>): Promise<void>;
}

/** Rows that somebody brought: they are learned from as they are. */
export type GivenRows = readonly TrainingRow[] | readonly OutcomeRow[] | readonly PairRow[];

/** What no repetition mends: the job is failed, with this reason. */
export function isFinal(error: unknown): error is Error {
  return (
    error instanceof TrainingFailed ||
    error instanceof TrainingDataError ||
    error instanceof NotTrainable ||
    (error instanceof Error &&
      ['ModelFolderRefused', 'NoModelKeys', 'InvalidMessage', 'KeptFileUnreadable'].includes(error.name))
  );
}

/** @throws the signal's reason, Outrun, TrainingDied, or what {@link isFinal} knows. */
export async function perform(
  shop: Workshop,
  claim: Hand,
  family: TrainedFamily,
  signal: AbortSignal,
  given?: GivenRows,
): Promise<Performed> {
  const { job } = claim.state;
  const folder = await JobFolder.open(shop.runs, job.id);
  const until = claim.state.until ?? (await lastOfLog(shop.bus));
  await claim.change({ stage: 'collecting', share: 0, until });
  const rows = given
    ? await take(shop, job, until, family, folder, given)
    : await collect(shop, job, until, family, folder, signal);
  signal.throwIfAborted();
  const log = await openLog(shop, job, folder.path);
  try {
    await log.params({
      family,
      seed: job.seed,
      rows: rows.report.kept,
      fingerprint: rows.fingerprint,
      reason: job.reason,
    });
    const facts = (await folder.trained()) ?? (await train(shop, claim, family, folder, log.scalar, signal));
    for (const [name, value] of Object.entries(facts.metrics)) if (value !== null) await log.scalar(name, value, 0);
    await log.artifact('training.json', JSON.stringify({ ...facts, report: rows.report }, null, 2));
    signal.throwIfAborted();
    await claim.change({ stage: 'publishing', share: 0 });
    const version = await publishOnce(shop, job.id, family, folder, facts);
    await log.end('done');
    return { version, facts, rows };
  } catch (error) {
    await log.end(signal.aborted ? 'cancelled' : 'failed');
    throw error;
  }
}

/** A job that died right after it published must not publish again, not even on another machine: its version names it. */
async function publishOnce(
  { registry, bus }: Workshop,
  job: string,
  family: TrainedFamily,
  folder: JobFolder,
  facts: TrainingFacts,
): Promise<string> {
  const mark = `job ${job}`;
  const before = (await registry.list(family)).find(({ by }) => by.endsWith(mark));
  if (before) return before.name;
  const { champion } = await registry.aliases(family);
  const published = await registry.publish(family, folder.candidate, {
    ...(champion === undefined ? {} : { parent: champion }),
    metrics: facts.metrics,
    ...(facts.audit === undefined ? {} : { audit: facts.audit }),
    ...(facts.curves === undefined ? {} : { curves: facts.curves }),
    data: { fingerprint: facts.fingerprint, rows: facts.rows },
    code: facts.code,
    seed: facts.seed,
    hardware: facts.backend ? `${facts.hardware}, ${facts.backend}` : facts.hardware,
    by: `${bus.instance}, ${mark}`,
    // The trainer announces it itself, with the data report.
    announce: false,
  });
  return published.name;
}

const NOTHING: Collected = {
  routing: [],
  refused: [],
  outcomes: [],
  logged: [],
  skipped: {},
  capped: [],
  unreadable: 0,
};

/** Rows and masters of a job on this machine's disk: kept from before, or collected from the log up to `until` and sifted. */
export async function collect(
  shop: Workshop,
  job: TrainJob,
  until: number,
  family: TrainedFamily,
  folder: JobFolder,
  signal: AbortSignal,
): Promise<KeptRows> {
  const kept = await folder.keptRows(until);
  if (kept) return kept;
  // Telemetry is in the recorder's files alone: the child reads it there.
  const collected = family === 'anomaly' ? NOTHING : await collectRows(shop.bus, until, shop.trainingData);
  const { skipped, unreadable } = collected;
  await putMasters(shop, folder);
  await putLines(folder.collected, KINDS[family].rowsOf(collected));
  await putLines(folder.logged, KINDS[family].loggedOf(collected));
  const changed = await shop.board.changed(family);
  const sifted = await runChild(
    {
      kind: 'sift',
      family,
      collected: folder.collected,
      rows: folder.rows,
      at: job.at,
      folder: shop.trainingData,
      drifted: job.options.drifted === true,
      changed,
      seed: job.seed,
    },
    { signal },
  );
  if (sifted.kind !== 'sifted') throw new TrainingDied(0, null);
  const { report, fingerprint } = sifted;
  await shop.board.noteChanged(family, sifted.changed);
  const left_out = { ...skipped, ...(unreadable > 0 ? { 'record cannot be read': unreadable } : {}) };
  return folder.keep({ until, report, fingerprint, left_out });
}

/** Rows from a file instead: put where the training finds them, counted, and not sifted. */
async function take(
  shop: Workshop,
  job: TrainJob,
  until: number,
  family: TrainedFamily,
  folder: JobFolder,
  given: GivenRows,
): Promise<KeptRows> {
  await putMasters(shop, folder);
  await putLines(folder.rows, given);
  await putLines(folder.logged, []);
  const counted = given.map(countedOf);
  const origins = { real: given.length, test: 0, generated: 0 };
  const cleaned = { rows: counted, quarantined: [], nearConflicts: 0, origins };
  const report = reportOf(cleaned, { family, at: job.at, previous: undefined });
  return folder.keep({ until, report, fingerprint: fingerprintOf(given), left_out: {} });
}

function countedOf(row: GivenRows[number]): RawRow {
  if ('query' in row) return { text: row.query, label: null };
  if ('label' in row)
    return { text: row.text, label: row.label, ...(row.weight === undefined ? {} : { weight: row.weight }) };
  return { text: row.text, label: row.master, ...(row.at === undefined ? {} : { at: row.at }) };
}

async function putMasters(shop: Workshop, folder: JobFolder): Promise<void> {
  const registry = await openMasters(shop.bus);
  const masters = registry.list();
  await registry.close();
  await putWhole(folder.masters, JSON.stringify(masters));
}

/** What the job states, bettered by a search when one was asked for; empty: the network's defaults. */
async function hyperParameters(
  shop: Workshop,
  claim: Hand,
  family: TrainedFamily,
  signal: AbortSignal,
): Promise<Record<string, number>> {
  const { job } = claim.state;
  const { tune = 0, training = {} } = job.options;
  if (tune === 0) return training;
  if (family !== 'router')
    throw new TrainingDataError(
      `the ${family} has nothing to tune: only the network of the router has hyper-parameters`,
    );
  await claim.change({ stage: 'searching', share: 0 });
  const best = await search(shop, job, (share) => claim.change({ share }), signal);
  await claim.change({
    report: { ...claim.state.report, tuned: { trial: best.number, loss: best.best, ...best.params } },
  });
  return { ...training, ...best.params };
}

async function train(
  shop: Workshop,
  claim: Hand,
  family: TrainedFamily,
  folder: JobFolder,
  onPoint: (tag: string, value: number, step: number) => Promise<void>,
  signal: AbortSignal,
): Promise<TrainingFacts> {
  const { job } = claim.state;
  const training = await hyperParameters(shop, claim, family, signal);
  const scratch = await folder.scratch();
  const progress = throttled((stage, share) => claim.change({ stage, share }));
  await claim.change({ stage: 'training', share: 0 });
  await runChild(
    {
      kind: 'train',
      family,
      rows: folder.rows,
      logged: folder.logged,
      drifted: job.options.drifted === true,
      masters: folder.masters,
      folder: scratch,
      encoder: job.options.encoder === false ? '' : shop.encoder,
      ...(shop.vectors === undefined ? {} : { vectors: shop.vectors }),
      seed: job.seed,
      neural: job.options.neural === true || Object.keys(training).length > 0,
      training,
    },
    { onProgress: progress.say, onPoint: (...point) => void onPoint(...point), signal },
  );
  await progress.settled();
  await folder.keepCandidate(scratch);
  const facts = await folder.trained();
  if (!facts) throw new TrainingDied(0, null);
  return facts;
}

/** At most one write at a time and one a second; what cannot be written says nothing about the training. */
function throttled(write: (stage: string, share: number) => Promise<void>) {
  let writing: Promise<void> | undefined;
  let at = 0;
  return {
    say(stage: string, share: number) {
      if (writing || Date.now() - at < 1_000) return;
      at = Date.now();
      writing = write(stage, Math.min(1, Math.max(0, share)))
        .catch(() => undefined)
        .finally(() => {
          writing = undefined;
        });
    },
    settled: async () => writing,
  };
}

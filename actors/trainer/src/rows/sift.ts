// From collected rows to those that are learned from: cleaned, counted, and put where the training finds them. Runs in the child process.
import { readFile } from 'node:fs/promises';
import {
  cleanRows,
  type DataReport,
  type LabelledRow,
  type LearnedOutcome,
  type RefusedRow,
  readLastReport,
  reportOf,
  type TelemetryRow,
  writeReport,
} from '@cortex/models';
import { fingerprintOf } from '../family/facts.js';
import type { TrainedFamily } from '../family/families.js';
import { KINDS } from '../family/kinds.js';
import type { PairRow } from '../family/train-encoder.js';
import { type Changed, forgetChanged } from './forget.js';
import { keptTelemetry } from './telemetry.js';
import { putWhole } from './whole.js';

export interface Sifted {
  readonly report: DataReport & { readonly forgotten?: { readonly rows: number; readonly masters: string[] } };
  readonly fingerprint: string;
  /** Masters whose work changed, and since when: those known before, and those found now. */
  readonly changed: Changed;
}

export interface Sift {
  /** A training that drift asked for, or the next ones after it: older rows of masters whose work changed may be forgotten. */
  readonly drifted: boolean;
  /** Changes that earlier trainings found. */
  readonly changed: Changed;
  readonly seed: number;
  readonly family: TrainedFamily;
  /** JSON lines: what was collected. */
  readonly collected: string;
  /** JSON lines: what is learned from. */
  readonly rows: string;
  /** When the job was asked for: rows from the future are judged by it, and a job begun again reports the same. */
  readonly at: string;
  /** The training-data folder, for the report and what was taken out; undefined: nowhere. */
  readonly folder: string | undefined;
}

/** Writes the rows; returns the report and a sha256 over them. */
export async function siftRows({
  family,
  collected,
  rows,
  at,
  folder,
  drifted,
  seed,
  changed: known,
}: Sift): Promise<Sifted> {
  const given = family === 'anomaly' ? await keptTelemetry(folder, Date.parse(at)) : await readLines(collected);
  const previous = folder === undefined ? undefined : await readLastReport(folder, family);
  const options = { family, at, previous: previous && previous.at < at ? previous : undefined };
  const now = Date.parse(at);
  if (KINDS[family].labels) {
    const refusals = (given as (LabelledRow | RefusedRow)[]).filter((row): row is RefusedRow => row.label === null);
    const cleaned = cleanRows(
      (given as (LabelledRow | RefusedRow)[]).filter((row): row is LabelledRow => row.label !== null),
      { now },
    );
    const report = reportOf(cleaned, options);
    const kept = await forgetChanged(cleaned.rows, refusals, known, { look: drifted, seed });
    const used = [...kept.rows, ...kept.refused];
    await putLines(rows, used);
    if (folder !== undefined) await writeReport(folder, report, cleaned.quarantined);
    const { changed, forgotten } = kept;
    const told = forgotten > 0 ? { forgotten: { rows: forgotten, masters: Object.keys(changed).sort() } } : {};
    return { report: { ...report, ...told }, fingerprint: fingerprintOf(used), changed };
  }
  const origins = { real: given.length, test: 0, generated: 0 };
  if (family === 'anomaly') {
    const counted = (given as TelemetryRow[]).map((row) => ({
      text: row.worker,
      label: row.master,
      at: new Date(row.at).toISOString(),
    }));
    const report = reportOf({ rows: counted, quarantined: [], nearConflicts: 0, origins }, options);
    await putLines(rows, given as TelemetryRow[]);
    if (folder !== undefined) await writeReport(folder, report, []);
    return { report, fingerprint: fingerprintOf(given as TelemetryRow[]), changed: known };
  }
  // Several outcomes of one text contradict nobody: only what the rows say of themselves is looked at, and that was done.
  const others = given as (LearnedOutcome | PairRow)[];
  const counted = others.map((row) =>
    'query' in row
      ? { text: row.query, label: null }
      : { text: row.text, label: row.master, at: row.at, task: row.task },
  );
  const report = reportOf({ rows: counted, quarantined: [], nearConflicts: 0, origins }, options);
  await putLines(rows, others);
  if (folder !== undefined) await writeReport(folder, report, []);
  return { report, fingerprint: fingerprintOf(others), changed: known };
}

export async function readLines(file: string): Promise<unknown[]> {
  const text = await readFile(file, 'utf8');
  return text.split('\n').flatMap((line) => (line ? [JSON.parse(line) as unknown] : []));
}

export function putLines(file: string, rows: readonly object[]): Promise<void> {
  return putWhole(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
}

// Rows packed for training: one block of numbers a column, cut into batches and held-out parts.
// The one thing to know: the held-out part is drawn label by label, and a label with a single row keeps it for training.
import type { Tensor2D, Tensor3D } from '@tensorflow/tfjs';
import type { Tf } from '../backend/index.js';
import { shuffledIndices } from '../metrics/index.js';
import { HISTORY_WIDTH, hasHistory, writeHistory } from './history.js';
import type { MoeMaster, MoeRow } from './types.js';

/** Label index of rows without a right master, and of rows whose master is not known. */
export const NO_MASTER = -1;
export const UNKNOWN = -2;

export interface PackedRows {
  count: number;
  dimensions: number;
  masters: readonly MoeMaster[];
  rows: readonly MoeRow[];
  /** Per row: index of its master, NO_MASTER or UNKNOWN. */
  labels: Int32Array;
  /** Per row: index of the master that tried it, or -1; and whether it succeeded. */
  tried: Int32Array;
  succeeded: Uint8Array;
  anyHistory: boolean;
  anyOutcome: boolean;
}

/** A row that cannot be learned from. `row` counts from 0. */
export class MoeDataError extends Error {
  readonly code = 'moe-data';
  constructor(
    readonly row: number,
    reason: string,
  ) {
    super(`Row ${row}: ${reason}`);
    this.name = 'MoeDataError';
  }
}

/** @throws RangeError without a master, MoeDataError for an unknown master, or a vector of another length or with values that are not finite. */
export function packRows(rows: readonly MoeRow[], masters: readonly MoeMaster[]): PackedRows {
  const [first] = masters;
  if (!first) throw new RangeError('A router needs at least one master');
  const dimensions = first.description.length;
  const index = new Map(masters.map((m, i) => [m.name, i]));
  const find = (row: number, name: string): number => {
    const found = index.get(name);
    if (found === undefined) throw new MoeDataError(row, `master "${name}" is not among the ${masters.length} given`);
    return found;
  };
  const labels = new Int32Array(rows.length);
  const tried = new Int32Array(rows.length).fill(-1);
  const succeeded = new Uint8Array(rows.length);
  rows.forEach((row, i) => {
    if (row.vector.length !== dimensions) {
      throw new MoeDataError(i, `vector of length ${row.vector.length}, descriptions have ${dimensions}`);
    }
    if (!row.vector.every(Number.isFinite)) throw new MoeDataError(i, 'vector has a value that is not a finite number');
    if (row.label === undefined) labels[i] = UNKNOWN;
    else labels[i] = row.label === null ? NO_MASTER : find(i, row.label);
    if (row.outcome) {
      tried[i] = find(i, row.outcome.master);
      succeeded[i] = row.outcome.success ? 1 : 0;
    }
  });
  return {
    count: rows.length,
    dimensions,
    masters,
    rows,
    labels,
    tried,
    succeeded,
    anyHistory: rows.some((row) => hasHistory(row.history)),
    anyOutcome: tried.some((master) => master >= 0),
  };
}

/** Row numbers to learn from and to hold out; `share` of every label, at least one row of each stays to learn from. */
export function holdOut(
  packed: PackedRows,
  share: number,
  random: () => number,
): { train: Int32Array; held: Int32Array } {
  const perLabel = new Map<number, number>();
  for (const label of packed.labels) perLabel.set(label, (perLabel.get(label) ?? 0) + 1);
  const left = new Map([...perLabel].map(([label, n]) => [label, Math.min(n - 1, Math.floor(n * share + random()))]));
  const train: number[] = [];
  const held: number[] = [];
  for (const row of shuffledIndices(packed.count, random)) {
    const label = packed.labels[row]!;
    const quota = left.get(label)!;
    (quota > 0 ? held : train).push(row);
    if (quota > 0) left.set(label, quota - 1);
  }
  return { train: Int32Array.from(train), held: Int32Array.from(held) };
}

export interface Batch {
  task: Tensor2D;
  targets: Tensor2D;
  /** [B, 1]: 1 where the right master is known, `nullWeight` where no master fits, else 0. */
  weights: Tensor2D;
  tried: Tensor2D;
  succeeded: Tensor2D;
  history: Tensor3D;
}

/** Tensors of the rows `order[from … to)`. "No master fits" becomes an even spread over all masters. */
export function batchOf(
  tf: Tf,
  packed: PackedRows,
  order: Int32Array,
  from: number,
  to: number,
  nullWeight: number,
): Batch {
  const [count, masters, { dimensions }] = [to - from, packed.masters.length, packed];
  const task = new Float32Array(count * dimensions);
  const targets = new Float32Array(count * masters);
  const weights = new Float32Array(count);
  const tried = new Float32Array(count * masters);
  const succeeded = new Float32Array(count * masters);
  const history = new Float32Array((packed.anyHistory ? count : 1) * masters * HISTORY_WIDTH);
  for (let i = 0; i < count; i++) {
    const row = order[from + i]!;
    const label = packed.labels[row]!;
    task.set(packed.rows[row]!.vector, i * dimensions);
    if (label >= 0) targets[i * masters + label] = 1;
    else if (label === NO_MASTER) targets.fill(1 / masters, i * masters, (i + 1) * masters);
    weights[i] = label >= 0 ? 1 : label === NO_MASTER ? nullWeight : 0;
    const by = packed.tried[row]!;
    if (by >= 0) {
      tried[i * masters + by] = 1;
      succeeded[i * masters + by] = packed.succeeded[row]!;
    }
    if (packed.anyHistory) {
      packed.masters.forEach((master, m) => {
        writeHistory(history, (i * masters + m) * HISTORY_WIDTH, packed.rows[row]!.history?.[master.name]);
      });
    }
  }
  return {
    task: tf.tensor2d(task, [count, dimensions]),
    targets: tf.tensor2d(targets, [count, masters]),
    weights: tf.tensor2d(weights, [count, 1]),
    tried: tf.tensor2d(tried, [count, masters]),
    succeeded: tf.tensor2d(succeeded, [count, masters]),
    history: tf.tensor3d(history, [packed.anyHistory ? count : 1, masters, HISTORY_WIDTH]),
  };
}

/** [M, D] vectors of the descriptions. */
export function describedTensor(tf: Tf, masters: readonly MoeMaster[], dimensions: number): Tensor2D {
  const values = new Float32Array(masters.length * dimensions);
  masters.forEach((master, i) => {
    values.set(master.description, i * dimensions);
  });
  return tf.tensor2d(values, [masters.length, dimensions]);
}

// From a task to numbers, as far as no outcome is looked at: statistics of the text, its words, its place in meaning, fields.
// The one thing to know: it is fitted once on all training rows (no target, so no leak) and shared by every predicted family.
import { mean } from '../metrics/index.js';
import { type Field, fitFields, linearFields, linearWidth, numbersOf, wordyText } from './fields.js';
import { unit } from './neighbours.js';
import { fitPrincipalAxes, type PrincipalAxes, project } from './principal-axes.js';
import { masterName, type PredictionQuery } from './rows.js';
import type { SparseRow } from './sparse.js';
import { TEXT_STATISTICS, textStatistics } from './text-statistics.js';
import { Vocabulary, type VocabularyState } from './vocabulary.js';

const AXES = 128;
const TREE_AXES = 32;
/** Axes that nearness is measured on: the widest half tells neighbours as well, in half the time. */
const PLACE_AXES = 64;
const OWN_WEIGHTS_FROM_ROWS = 30;
const MOST_OWN_WEIGHTS = 32;
const TREE_MASTERS = 16;
const STATISTIC_SCALE = 0.2;
const FIELD_SCALE = 0.3;

export interface ReaderState {
  /** Which encoder made the vectors; null: vectors are hashed words. */
  encoder: string | null;
  vocabulary: VocabularyState;
  fields: Field[];
  means: Float32Array;
  deviations: Float32Array;
  axes: PrincipalAxes | null;
  /** Masters with linear weights of their own beside the common ones, most rows first. */
  masters: string[];
}

/** What is known of a task whoever gets it. */
export interface TaskView {
  statistics: Float64Array;
  words: SparseRow;
  /** Projected embedding, or hashed words without an encoder; `place` is its first axes at length 1. */
  vector: Float32Array;
  place: Float32Array;
  bag: PredictionQuery['features'];
}

export class TaskReader {
  readonly #vocabulary: Vocabulary;
  /** Columns of one copy of the linear features. */
  readonly #block: number;

  constructor(readonly state: ReaderState) {
    this.#vocabulary = new Vocabulary(state.vocabulary);
    this.#block = this.#vocabulary.size + (state.axes?.kept ?? 0) + TEXT_STATISTICS.length + linearWidth(state.fields);
  }

  static fit(
    rows: readonly PredictionQuery[],
    embeddings: readonly Float32Array[] | null,
    encoder: string | null,
    seed: number,
  ) {
    const fields = fitFields(rows.map((row) => row.features));
    const distinct = new Map<string, number>();
    rows.forEach((row, r) => {
      if (!distinct.has(row.text)) distinct.set(row.text, r);
    });
    const firsts = [...distinct.values()];
    const statistics = firsts.map((r) => textStatistics(rows[r]!.text));
    const means = Float32Array.from(TEXT_STATISTICS, (_, k) => mean(statistics.map((s) => s[k]!)));
    const deviations = Float32Array.from(
      means,
      (m, k) => Math.sqrt(mean(statistics.map((s) => (s[k]! - m) ** 2))) || 1,
    );
    const counts = new Map<string, number>();
    for (const row of rows) counts.set(masterName(row.master), (counts.get(masterName(row.master)) ?? 0) + 1);
    return new TaskReader({
      encoder: embeddings ? encoder : null,
      vocabulary: Vocabulary.fit(firsts.map((r) => wordsOf(fields, rows[r]!))).state,
      fields,
      means,
      deviations,
      axes:
        embeddings &&
        fitPrincipalAxes(
          firsts.map((r) => embeddings[r]!),
          AXES,
          seed,
        ),
      masters: [...counts]
        .filter(([, n]) => n >= OWN_WEIGHTS_FROM_ROWS)
        .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
        .slice(0, MOST_OWN_WEIGHTS)
        .map(([name]) => name),
    });
  }

  /** Columns of `linearRow`. */
  get width(): number {
    return this.#block * (1 + this.state.masters.length) + this.state.masters.length;
  }

  view(task: PredictionQuery, embedding: Float32Array | undefined): TaskView {
    const words = this.#vocabulary.read(wordsOf(this.state.fields, task));
    let vector: Float32Array;
    if (this.state.axes)
      vector = embedding ? project(this.state.axes, embedding) : new Float32Array(this.state.axes.kept);
    else vector = hashedPlace(words, this.state.vocabulary.hashes);
    return {
      statistics: textStatistics(task.text),
      words,
      vector,
      place: unit(vector.subarray(0, PLACE_AXES)),
      bag: task.features,
    };
  }

  /** Common weights see every row; a master's own copy lets it differ (Daumé III 2007, "Frustratingly Easy Domain Adaptation"). */
  linearRow(view: TaskView, master: string): SparseRow {
    const columns = view.words.columns.slice();
    const values = view.words.values.slice();
    const put = (column: number, value: number) => {
      columns.push(column);
      values.push(value);
    };
    let at = this.#vocabulary.size;
    if (this.state.axes) for (const value of view.vector) put(at++, value);
    this.state.means.forEach((m, k) => {
      const z = (view.statistics[k]! - m) / this.state.deviations[k]!;
      put(at++, STATISTIC_SCALE * Math.max(-4, Math.min(4, z)));
    });
    for (const [column, value] of linearFields(this.state.fields, view.bag)) put(at + column, FIELD_SCALE * value);
    const own = this.state.masters.indexOf(masterName(master));
    // With a single master a copy would only say everything twice.
    if (own >= 0 && this.state.masters.length > 1) {
      const common = columns.length;
      for (let i = 0; i < common; i++) put(columns[i]! + this.#block * (1 + own), values[i]!);
      put(this.#block * (1 + this.state.masters.length) + own, 1);
    }
    return { columns, values };
  }

  /** The part of a tree's columns that needs no outcome. NaN is missing. */
  treeRow(view: TaskView, master: string): number[] {
    const own = this.state.masters.indexOf(masterName(master));
    const places = Array.from({ length: Math.min(TREE_AXES, view.vector.length) }, (_, k) => view.vector[k]!);
    const masters = this.state.masters.slice(0, TREE_MASTERS).map((_, m) => (m === own ? 1 : 0));
    return [...view.statistics, ...places, ...numbersOf(this.state.fields, view.bag), ...masters];
  }
}

function wordsOf(fields: readonly Field[], task: PredictionQuery): string {
  const more = wordyText(fields, task.features);
  return more ? `${task.text}\n${more}` : task.text;
}

/** Words thrown onto a few axes with signs from their hash (Achlioptas 2003): keeps cosines, roughly. */
function hashedPlace(words: SparseRow, hashes: Uint32Array): Float32Array {
  const out = new Float32Array(PLACE_AXES);
  words.columns.forEach((column, i) => {
    let mixed = hashes[column]!;
    for (let k = 0; k < 8; k++) {
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d) + 0x9e3779b9;
      out[(mixed >>> 8) % PLACE_AXES]! += mixed & 1 ? words.values[i]! : -words.values[i]!;
    }
  });
  return out;
}

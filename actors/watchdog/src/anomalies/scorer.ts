// Rows of one worker in, scores out: learns what is usual from the first ones, then scores every further one as it comes (the ensemble of
// models/anomaly), and learns anew when it has seen four times as much. Pure but for its memory.
import { type AnomalyStream, fitAnomalyModel, openAnomalyModel } from '@cortex/models';
import type { Row } from './windows.js';

export interface Score {
  readonly worker: string;
  readonly master: string;
  /** The score over the threshold that its own first windows gave: above 1 is unusual. */
  readonly ratio: number;
  readonly gauges: readonly { readonly gauge: string; readonly share: number }[];
  /** Windows learned from. */
  readonly learned: number;
}

interface Known {
  rows: Row[];
  stream?: AnomalyStream;
  threshold: number;
  names: string[];
  counters: Set<string>;
  learned: number;
  last: Readonly<Record<string, number>>;
}

export interface Scorer {
  take(row: Row): Score | undefined;
}

export interface ScorerOptions {
  /** Windows before the first model. Default 120: twenty minutes at ten seconds. */
  readonly learn?: number;
  /** Workers that have a model at a time; a model is about a megabyte. Default 64: those heard first. */
  readonly most?: number;
}

const MOST_LEARNED = 480;

export function openScorer({ learn = 120, most = 64 }: ScorerOptions = {}): Scorer {
  const known = new Map<string, Known>();
  return {
    take(row) {
      let one = known.get(row.worker);
      if (!one) {
        if (known.size >= most) {
          // Whoever was silent longest gives way: rows come in the order of time, so it is the first in the map.
          known.delete(known.keys().next().value as string);
        }
        one = { rows: [], threshold: 0, names: [], counters: new Set(), learned: 0, last: {} };
      }
      known.delete(row.worker);
      known.set(row.worker, one);
      let score: Score | undefined;
      if (one.stream) {
        const step = one.stream(valuesOf(one, row));
        score = {
          worker: row.worker,
          master: row.master,
          ratio: one.threshold > 0 ? step.score / one.threshold : 0,
          gauges: step.gauges,
          learned: one.learned,
        };
      }
      one.last = row.last;
      one.rows.push(row);
      if (one.rows.length > MOST_LEARNED) one.rows.shift();
      const due = one.learned === 0 ? learn : Math.min(MOST_LEARNED, one.learned * 4);
      if (one.rows.length >= due && one.learned < due) fit(one);
      return score;
    },
  };
}

function fit(one: Known): void {
  const { rows } = one;
  const counts = new Map<string, number>();
  for (const row of rows) for (const name of Object.keys(row.mean)) counts.set(name, (counts.get(name) ?? 0) + 1);
  one.names = [...counts]
    .filter(([, count]) => count >= rows.length / 10)
    .map(([name]) => name)
    .sort();
  if (one.names.length === 0) return;
  one.counters = new Set(one.names.filter((name) => isCounter(rows.map((row) => row.last[name]))));
  let last: Readonly<Record<string, number>> = rows[0]?.last ?? {};
  const table = rows.map((row) => {
    const values = valuesOf({ ...one, last }, row);
    last = row.last;
    return values;
  });
  const model = fitAnomalyModel({
    gauges: one.names,
    columns: one.names.map((_, g) => Float64Array.from(table, (values) => values[g] as number)),
  });
  one.stream = openAnomalyModel(model);
  one.threshold = model.threshold;
  one.learned = rows.length;
}

/** A counter only grows, and did: what matters is by how much. */
function isCounter(values: readonly (number | undefined)[]): boolean {
  const there = values.filter((value) => value !== undefined);
  const first = there[0];
  const end = there.at(-1);
  if (first === undefined || end === undefined || end <= first) return false;
  let steps = 0;
  for (let i = 1; i < there.length; i++) {
    const step = (there[i] as number) - (there[i - 1] as number);
    if (step < 0) return false;
    if (step > 0) steps++;
  }
  return steps >= 5;
}

function valuesOf({ names, counters, last }: Pick<Known, 'names' | 'counters' | 'last'>, row: Row): number[] {
  return names.map((name) => {
    if (!counters.has(name)) return row.mean[name] ?? Number.NaN;
    const now = row.last[name];
    const before = last[name];
    // A restart sets counters back: nothing is known of that window.
    return now === undefined || before === undefined || now < before ? Number.NaN : now - before;
  });
}

// Rows of one worker in, scores out: learns what is usual from the first ones, then scores every further one as it comes (the ensemble of
// models/anomaly), and learns anew when it has seen four times as much. Where the trainer gave an autoencoder of the worker's kind, it is
// one detector more, calibrated on the worker's own rows.
import {
  type AnomalyStream,
  columnsOf,
  fitAnomalyModel,
  type Gauges,
  gaugesOf,
  type LoadedKind,
  openAnomalyModel,
  type TelemetryWindow,
  valuesOf,
} from '@cortex/models';

export interface Score {
  readonly worker: string;
  readonly master: string;
  /** The score over the threshold that its own first windows gave: above 1 is unusual. */
  readonly ratio: number;
  readonly gauges: readonly { readonly gauge: string; readonly share: number }[];
  /** Windows learned from. */
  readonly learned: number;
  /** Whether an autoencoder of its kind had a say. */
  readonly autoencoder: boolean;
}

interface Known {
  rows: TelemetryWindow[];
  stream?: AnomalyStream;
  threshold: number;
  gauges: Gauges;
  /** The autoencoder it was learned with. */
  kind: LoadedKind | undefined;
  learned: number;
}

export interface Scorer {
  /** One at a time: the next row only when this one is answered. */
  take(row: TelemetryWindow): Promise<Score | undefined>;
  /** Autoencoders by kind of worker; those that were there are let go. Workers of a kind that changed are learned anew. */
  use(kinds: ReadonlyMap<string, LoadedKind>): Promise<void>;
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
  let kinds: ReadonlyMap<string, LoadedKind> = new Map();
  return {
    async take(row) {
      let one = known.get(row.worker);
      if (!one) {
        if (known.size >= most) {
          // Whoever was silent longest gives way: rows come in the order of time, so it is the first in the map.
          known.delete(known.keys().next().value as string);
        }
        one = { rows: [], threshold: 0, gauges: { names: [], counters: new Set() }, kind: undefined, learned: 0 };
      }
      known.delete(row.worker);
      known.set(row.worker, one);
      const before = one.rows.at(-1)?.last ?? {};
      one.rows.push(row);
      let score: Score | undefined;
      if (one.stream) {
        const step = one.stream(
          valuesOf(one.gauges, row, before),
          (await errorsOf(one, 1))?.map(([error]) => error as number),
        );
        score = {
          worker: row.worker,
          master: row.master,
          ratio: one.threshold > 0 ? step.score / one.threshold : 0,
          gauges: step.gauges,
          learned: one.learned,
          autoencoder: one.kind !== undefined,
        };
      }
      if (one.rows.length > MOST_LEARNED) one.rows.shift();
      const due = one.learned === 0 ? learn : Math.min(MOST_LEARNED, one.learned * 4);
      const changed = one.learned > 0 && one.kind !== kinds.get(row.master);
      if (changed || (one.rows.length >= due && one.learned < due)) await fit(one, kinds.get(row.master));
      return score;
    },
    async use(next) {
      const old = kinds;
      kinds = next;
      // A worker goes on without until its next row, when it is learned anew.
      for (const one of known.values()) {
        if (one.kind && one.kind !== next.get(one.kind.kind)) one.kind = undefined;
      }
      for (const [kind, { session }] of old) if (next.get(kind)?.session !== session) await session.release();
    },
  };
}

async function fit(one: Known, kind: LoadedKind | undefined): Promise<void> {
  one.kind = kind;
  one.gauges = gaugesOf(one.rows);
  if (one.gauges.names.length === 0) return;
  const errors = await errorsOf(one, one.rows.length);
  const model = fitAnomalyModel(
    { gauges: [...one.gauges.names], columns: columnsOf(one.gauges, one.rows) },
    errors ? { errors } : {},
  );
  one.stream = openAnomalyModel(model);
  one.threshold = model.threshold;
  one.learned = one.rows.length;
}

/** The autoencoder's errors of the last `count` rows, for each gauge of the worker; undefined without an autoencoder. */
async function errorsOf({ kind, rows, gauges }: Known, count: number): Promise<Float64Array[] | undefined> {
  if (!kind) return undefined;
  const { facts } = kind.session;
  const lead = Math.min(rows.length, count + facts.window);
  const part = rows.slice(-lead);
  const columns = columnsOf({ names: facts.gauges, counters: kind.counters }, part, rows.at(-lead - 1)?.last);
  const errors = await kind.session.errors(columns, lead - count);
  return gauges.names.map((name) => errors[facts.gauges.indexOf(name)] ?? new Float64Array(count).fill(Number.NaN));
}

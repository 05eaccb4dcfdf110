// Answers for all candidates of a task in one batch: success, minutes, tokens, complexity, each with what it rests on.
// The one thing to know: what depends on the text alone is done once a text, whoever the masters are.
import type { Encoder } from '../encoder/index.js';
import { extendHistory } from './history.js';
import { masterRate, masterRows } from './master-rates.js';
import { type NeighbourList, nearest, type VectorStore } from './neighbours.js';
import { type QuantityModel, quantitiesOf } from './quantity.js';
import type { ReaderState, TaskReader, TaskView } from './reader.js';
import {
  type Evidence,
  masterName,
  type OutcomeRow,
  type Prediction,
  type PredictionQuery,
  QUANTITIES,
  type Quantity,
} from './rows.js';
import { type SuccessModel, successOf } from './success.js';
import { stageRow, type TargetState } from './target-features.js';

export interface PredictorState {
  reader: ReaderState;
  store: VectorStore;
  /** Cosine from which a past task is near: as near as all but one in twenty training tasks have their nearest. */
  near: number;
  success?: SuccessModel;
  minutes?: QuantityModel;
  tokens?: QuantityModel;
  complexity?: QuantityModel;
}

interface Placed {
  view: TaskView;
  neighbours: NeighbourList;
}

export class Predictor {
  constructor(
    readonly state: PredictorState,
    private readonly reader: TaskReader,
    private readonly encoder: Encoder | undefined,
  ) {}

  /** Families that this predictor was trained for. */
  get families(): ('success' | Quantity)[] {
    return (['success', ...QUANTITIES] as const).filter((family) => this.state[family]);
  }

  /** Id of the encoder whose vectors it wants, or null. */
  get encoderId(): string | null {
    return this.state.reader.encoder;
  }

  /**
   * One prediction a query, in order; put all candidates of a task into one call.
   * @throws EncoderError as the encoder does; without an encoder vectors count as unknown.
   */
  async predict(queries: readonly PredictionQuery[]): Promise<Prediction[]> {
    return this.predictEmbedded(queries, await this.embed(queries));
  }

  /** The encoder's vector of each query, each text once; undefined when this predictor needs none or has no encoder. */
  async embed(queries: readonly PredictionQuery[]): Promise<Float32Array[] | undefined> {
    if (!this.encoderId || !this.encoder) return undefined;
    const texts = [...new Set(queries.map((q) => q.text))];
    const vectors = await this.encoder.encode(texts);
    const byText = new Map(texts.map((text, i) => [text, vectors[i]!]));
    return queries.map((q) => byText.get(q.text)!);
  }

  /** The same for whoever has the vectors of `encoderId` already; about 0.5 ms a task at 2,000 past tasks. */
  predictEmbedded(
    queries: readonly PredictionQuery[],
    embeddings: readonly (Float32Array | undefined)[] = [],
  ): Prediction[] {
    const placed = this.place(queries, embeddings);
    const masters = queries.map((q) => masterName(q.master));
    const predictions: Prediction[] = queries.map(() => ({}));
    const { success } = this.state;
    if (success) {
      const chances = successOf(success, this.stages(success.state, queries, masters, placed));
      queries.forEach((_, i) => {
        const evidence = this.evidence(success.state, masters[i]!, placed[i]!);
        const base_rate = masterRate(success.state.rates, masters[i]!);
        const no_idea = evidence.master_rows === 0 && evidence.similar === 0;
        predictions[i]!.success = { p: no_idea ? base_rate : chances[i]!, base_rate, evidence, no_idea };
      });
    }
    for (const quantity of QUANTITIES) {
      const model = this.state[quantity];
      if (!model) continue;
      const answers = quantitiesOf(model, this.stages(model.state, queries, masters, placed), masters);
      answers.forEach((answer, i) => {
        predictions[i]![quantity] = answer;
      });
    }
    return predictions;
  }

  /**
   * Lets the rolling history know of an outcome while serving, so that predictions follow a master that has a bad day. Rates, weights
   * and neighbours stay as trained. Without effect on a predictor whose training rows had no `at`.
   */
  observe(row: OutcomeRow): void {
    const master = masterName(row.master);
    if (row.at === undefined) return;
    if (row.success !== undefined && this.state.success) {
      extendHistory(this.state.success.state.history, master, row.at, row.success);
    }
    for (const quantity of QUANTITIES) {
      const [model, value] = [this.state[quantity], row[quantity]];
      if (model && value !== undefined) extendHistory(model.state.history, master, row.at, Math.log1p(value));
    }
  }

  private stages(
    state: TargetState,
    queries: readonly PredictionQuery[],
    masters: readonly string[],
    placed: readonly Placed[],
  ) {
    return queries.map((q, i) =>
      stageRow(this.reader, state, placed[i]!.view, masters[i]!, q.at, placed[i]!.neighbours),
    );
  }

  private place(queries: readonly PredictionQuery[], embeddings: readonly (Float32Array | undefined)[]): Placed[] {
    const known = new Map<string, Placed>();
    return queries.map((query, i) => {
      const key = query.features ? JSON.stringify([query.text, query.features]) : query.text;
      const found = known.get(key);
      if (found) return found;
      const view = this.reader.view(query, embeddings[i]);
      const placed = { view, neighbours: nearest(this.state.store, view.place) };
      known.set(key, placed);
      return placed;
    });
  }

  private evidence(state: TargetState, master: string, { neighbours }: Placed): Evidence {
    const { memory, rates } = state;
    const own = memory.masters.indexOf(master);
    const evidence: Evidence = {
      similar: 0,
      similar_of_master: 0,
      master_rows: masterRows(rates, master),
      nearest: neighbours.cosines[0] ?? 0,
    };
    for (let i = 0; i < neighbours.texts.length && neighbours.cosines[i]! >= this.state.near; i++) {
      const text = neighbours.texts[i]!;
      const entries = memory.master.subarray(memory.starts[text]!, memory.starts[text + 1]!);
      if (entries.length) evidence.similar++;
      if (entries.includes(own)) evidence.similar_of_master++;
    }
    return evidence;
  }
}

// The encoder's adapter, from pairs of texts that belong together: a question and its answer, a docstring and its function, a title and its task.
import { type Compared, type Encoder, fitAdapter, type LoggedDecision, saveAdapter } from '@cortex/models';
import { fingerprintOf, type TrainingFacts } from './facts.js';
import { type FamilyTraining, finish, TrainingDataError } from './train-family.js';

export interface PairRow {
  readonly query: string;
  readonly document: string;
}

const AT_ONCE = 256;

/** The pairs that the log holds: a task's title asks for its text. */
export function pairsOf(logged: readonly LoggedDecision[]): PairRow[] {
  return logged.flatMap(({ text, features: { title } }) =>
    typeof title === 'string' && title.trim() !== '' && !text.startsWith(title)
      ? [{ query: title, document: text }]
      : [],
  );
}

/** @throws TrainingDataError without an encoder, AdapterDataError with too few pairs. */
export async function trainEncoderInto(rows: readonly PairRow[], options: FamilyTraining): Promise<TrainingFacts> {
  const began = Date.now();
  const { encoder, seed } = options;
  if (!encoder) throw new TrainingDataError('an adapter needs the sentence encoder that it adapts: there is none');
  const documents = [...new Set(rows.map(({ document }) => document))];
  const place = new Map(documents.map((document, i) => [document, i]));
  const queries = await encodeAll(
    encoder,
    rows.map(({ query }) => query),
    'encoding questions',
    options,
  );
  const vectors = await encodeAll(encoder, documents, 'encoding documents', options);
  options.onProgress?.('fitting', 0);
  const pairs = rows.map(({ document }, i) => ({
    query: queries[i] as Float32Array,
    document: place.get(document) as number,
  }));
  const fitted = fitAdapter(pairs, vectors, { seed });
  await saveAdapter(fitted, encoder.id, options.folder);
  options.onProgress?.('fitting', 1);
  const { report } = fitted;
  const figures = (name: string, { frozen, adapted, low, high }: Compared) => ({
    [`${name}/frozen`]: frozen,
    [`${name}/adapted`]: adapted,
    [`${name}/gain_low`]: low,
    [`${name}/gain_high`]: high,
  });
  return finish(options, {
    family: 'encoder',
    rows: rows.length,
    fingerprint: fingerprintOf(rows),
    knows: [`${documents.length} documents`],
    metrics: {
      better: Number(report.better),
      ...figures('mrr', report.mrr),
      ...figures('ndcg@10', report['ndcg@10']),
      held_out: report.held_out,
      lambda: report.lambda,
    },
    notes: report.better ? [] : ['it does not beat the frozen encoder on pairs it never saw, and does not serve'],
    encoder: encoder.id,
    backend: null,
    began,
  });
}

async function encodeAll(
  encoder: Encoder,
  texts: readonly string[],
  stage: string,
  { onProgress }: FamilyTraining,
): Promise<Float32Array[]> {
  const vectors: Float32Array[] = [];
  for (let from = 0; from < texts.length; from += AT_ONCE) {
    vectors.push(...(await encoder.encode(texts.slice(from, from + AT_ONCE))));
    onProgress?.(stage, Math.min(1, (from + AT_ONCE) / texts.length));
  }
  return vectors;
}

// From tasks and masters to queries, and from the model's predictions to what a decision carries. Pure.
import type { Prediction as Predicted, PredictionQuery } from '@cortex/models';
import type { PredictAnswer, PredictAsk, Prediction, Telemetry } from '@cortex/schemas';

/** Fields of a task that its predictor may have been trained on. Text and master are given apart; identity teaches nothing. */
const NOT_FEATURES = new Set(['id', 'text', 'master', 'deadline']);

/** How busy a master's workers are: gauges averaged over those heard lately. */
export type LiveGauges = ReadonlyMap<string, Readonly<Record<string, number>>>;

/** One query per master. */
export function queriesOf(ask: PredictAsk, live: LiveGauges): PredictionQuery[] {
  const { task } = ask;
  const features: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(task)) {
    if (!NOT_FEATURES.has(key) && value !== undefined && value !== null) features[key] = value;
  }
  return ask.masters.map((master) => ({ text: task.text, master, features: { ...features, ...live.get(master) } }));
}

/** What is known of a task with each master. `success: null` means no idea. */
export function answerOf(
  ask: PredictAsk,
  predictions: readonly Predicted[],
  models: Record<string, string>,
): PredictAnswer {
  const entries = ask.masters.map((master, i): [string, Prediction] => [master, toContract(predictions[i] ?? {})]);
  return { predictions: Object.fromEntries(entries), models };
}

function toContract({ success, minutes, tokens, complexity }: Predicted): Prediction {
  return {
    success: success && !success.no_idea ? success.p : null,
    ...(success ? { base_rate: success.base_rate, evidence: success.evidence } : {}),
    ...(minutes ? { minutes: { ...minutes } } : {}),
    ...(tokens ? { tokens: { ...tokens } } : {}),
    ...(complexity ? { complexity: complexity.p50 } : {}),
  };
}

/** Averages the latest gauges of each master's workers; names get a prefix so that they cannot shadow a task's own field. */
export function gaugesByMaster(latest: Iterable<Telemetry>): LiveGauges {
  const sums = new Map<string, Map<string, { sum: number; n: number }>>();
  for (const { master, gauges } of latest) {
    const own = sums.get(master) ?? new Map<string, { sum: number; n: number }>();
    sums.set(master, own);
    for (const [name, value] of Object.entries(gauges)) {
      const entry = own.get(name) ?? { sum: 0, n: 0 };
      entry.sum += value;
      entry.n++;
      own.set(name, entry);
    }
  }
  return new Map(
    [...sums].map(([master, own]) => [
      master,
      Object.fromEntries([...own].map(([name, { sum, n }]) => [`live_${name}`, sum / n])),
    ]),
  );
}

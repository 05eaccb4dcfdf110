// What a record of the log says about how good decisions and predictions were, as things to count. The one thing to know: every ratio (accuracy,
// F1, RMSE, calibration) is counted as its parts; whoever reads the metrics divides them over any window. Pure but for `measure`.
import { count, type Labels, record } from '@cortex/bus';
import type { Decision, LogRecord, MetricKey, Outcome } from '@cortex/schemas';
import { FALLBACK_MASTER } from '../decide/decision.js';

/** One thing to count: by how much (default 1), or what to record into a histogram. */
export type Measurement = { [M in MetricKey]: readonly [metric: M, labels: Labels<M>, value: number] }[MetricKey];

export interface Measured {
  readonly counted: readonly Measurement[];
  readonly recorded: readonly Measurement[];
}

/** Counts what a record that was just appended says. Called once for each record, by whoever appended it. */
export function measure(appended: LogRecord): void {
  const { counted, recorded } = measurementsOf(appended);
  for (const [metric, labels, value] of counted) count(metric, labels as Labels<MetricKey>, value);
  for (const [metric, labels, value] of recorded) record(metric, value, labels as Labels<MetricKey>);
}

export function measurementsOf(appended: LogRecord): Measured {
  const counted: Measurement[] = [['steps', { step: appended.step }, 1]];
  const recorded: Measurement[] = [];
  const { decision, outcome } = appended;
  if (appended.step === 'corrected' && decision && appended.correction)
    counted.push(...judged(decision, appended.correction.master, 'person'));
  if (appended.step === 'settled' && outcome) {
    counted.push(...outcomeCounts(decision, outcome));
    recorded.push(...outcomeRecords(appended, decision, outcome));
  }
  return { counted, recorded };
}

/** Whether the goal was reached; undefined for what was cancelled or ran out of time. */
function successOf({ status, success }: Outcome): boolean | undefined {
  return status === 'completed' || status === 'failed' ? (success ?? status === 'completed') : undefined;
}

function outcomeCounts(decision: Decision | undefined, outcome: Outcome): Measurement[] {
  const master = decision?.master ?? FALLBACK_MASTER;
  const success = successOf(outcome);
  const counted: Measurement[] = [['outcomes', { master, status: outcome.status, success }, 1]];
  if (outcome.tokens !== undefined) counted.push(['taskTokens', { master, success }, outcome.tokens]);
  if (outcome.cost_usd !== undefined) counted.push(['taskCost', { master, success }, outcome.cost_usd]);
  if (outcome.prompt !== undefined) counted.push(['promptOutcomes', { prompt: outcome.prompt, success }, 1]);
  if (!decision) return counted;
  const correct = outcome.correct_master ?? undefined;
  if (correct !== undefined) counted.push(...judged(decision, correct, 'person'));
  else if (success === true) counted.push(...judged(decision, decision.master, 'outcome'));
  if (success !== undefined) counted.push(...predictions(decision, outcome, success));
  return counted;
}

function outcomeRecords(settled: LogRecord, decision: Decision | undefined, outcome: Outcome): Measurement[] {
  const master = decision?.master ?? FALLBACK_MASTER;
  const recorded: Measurement[] = [];
  if (decision) {
    const seconds = (Date.parse(settled.at) - Date.parse(decision.decided_at)) / 1_000;
    recorded.push(['taskDuration', { master, status: outcome.status }, Math.max(0, seconds)]);
  }
  if (outcome.minutes !== undefined) recorded.push(['workDuration', { master }, 60 * outcome.minutes]);
  if (outcome.quality !== undefined) recorded.push(['taskQuality', { master }, outcome.quality]);
  return recorded;
}

/** Only what the router chose itself: where a person or the publisher chose, or nobody was sure, there is nothing to judge. */
function judged(decision: Decision, correct: string, by: 'person' | 'outcome'): Measurement[] {
  const { master, method, confidence } = decision;
  if (method === 'human' || method === 'pinned' || master === FALLBACK_MASTER) return [];
  const right = master === correct;
  const bin = `${Math.min(9, Math.floor(confidence * 10)) / 10}`;
  return [
    ['routingJudged', { master, right, by }, 1],
    ['calibrationRows', { bin, right }, 1],
    ['calibrationClaimed', { bin }, confidence],
    ...(right
      ? []
      : ([
          ['routingMissed', { master: correct }, 1],
          ['routingConfusions', { decided: master, correct }, 1],
        ] satisfies Measurement[])),
  ];
}

function predictions({ master, prediction }: Decision, outcome: Outcome, success: boolean): Measurement[] {
  if (!prediction) return [];
  const counted: Measurement[] = [];
  const score = (quantity: string, error: number) => {
    counted.push(
      ['predictionScored', { quantity }, 1],
      ['predictionAbsolute', { quantity }, Math.abs(error)],
      ['predictionSquared', { quantity }, error * error],
    );
  };
  if (typeof prediction.success === 'number') {
    counted.push([
      'successPredictions',
      { master, predicted: prediction.success >= 0.5 ? 'yes' : 'no', actual: success ? 'yes' : 'no' },
      1,
    ]);
    score('success', prediction.success - Number(success));
  }
  for (const quantity of ['minutes', 'tokens'] as const) {
    const predicted = prediction[quantity];
    const actual = outcome[quantity];
    if (!predicted || actual === undefined) continue;
    score(quantity, predicted.p50 - actual);
    if (actual <= predicted.p90) counted.push(['predictionCovered', { quantity }, 1]);
  }
  return counted;
}

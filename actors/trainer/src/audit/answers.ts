// A candidate's answers to tasks of the past, by voices that never saw their labels.
import { type HeldOutAnswer, type LoggedDecision, type RouterModel, sameText, type TrainingRow } from '@cortex/models';
import type { Answer } from './audit.js';

/**
 * In the order of the decisions. A task whose text was a training row is answered by the voices of a fold without it; one that was none, such
 * as a failure that nobody corrected, by the finished model. Undefined: a training row that no fold could judge.
 * @param heldOut what training said of `rows` it kept out
 */
export async function answersOf(
  model: RouterModel,
  rows: readonly TrainingRow[],
  heldOut: readonly HeldOutAnswer[],
  decisions: readonly LoggedDecision[],
): Promise<(Answer | undefined)[]> {
  const answered = new Map(heldOut.map((answer) => [sameText(rows[answer.row]?.text ?? ''), answer]));
  const learned = new Set(rows.map(({ text }) => sameText(text)));
  const unseen = decisions.filter(({ text }) => !learned.has(sameText(text)));
  const said = await model.route(
    unseen.map(({ text }) => ({ text })),
    { explain: false },
  );
  const routed = new Map(
    unseen.map((decision, i): [LoggedDecision, Answer | undefined] => {
      const result = said[i];
      return [
        decision,
        result && result.master !== null ? { ...result, master: result.master, odds: result.probabilities } : undefined,
      ];
    }),
  );
  return decisions.map((decision) => routed.get(decision) ?? answered.get(sameText(decision.text)));
}

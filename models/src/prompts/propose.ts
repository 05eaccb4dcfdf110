// Self-optimisation: what outcomes say about a prompt becomes a changed version of it. It is proposed as a candidate and tried like any other;
// production is changed by the test alone. Rules come from a fixed list, one for each class of failure: no sentence of a task, a document or
// a model ever becomes part of the instructions. Examples are tasks that were done, shown as examples.
import type { PromptInput, PromptVersion } from '@cortex/schemas';

/** What mends which class of failure. */
const REMEDIES: Readonly<Record<string, string>> = {
  'no-evidence': 'Cite the number of every piece of data that you use; an answer without a citation is not accepted.',
  'bad-citation': 'Cite only numbers that stand in the data.',
  'bad-answer': 'Call "report" exactly once, with every required field and nothing else.',
  'edit-refused': 'Copy the text to find exactly from the file, long enough to occur once in it.',
  'command-failed':
    'Think of what the tests will check before you change a file, and change all places that belong together.',
  criterion: 'Go through the criteria one by one before you answer, and say for each where the answer meets it.',
  'not-done': 'When the data answers only a part, answer that part and name what is missing.',
};

export interface PromptHistory {
  readonly task: string;
  readonly answer?: string | undefined;
  readonly success: boolean;
  /** Classes of what went wrong, of every round. */
  readonly problems: readonly string[];
  readonly rounds: number;
}

export interface ProposeOptions {
  /** Least outcomes before anything is proposed. Default 20. */
  readonly least?: number;
  /** A class of failure is worth a rule from this share of tasks on. Default 0.1. */
  readonly share?: number;
  /** Most examples in a prompt. Default 3. */
  readonly examples?: number;
}

/** Undefined when outcomes give no reason for a change. The changelog says what they gave. */
export function proposePrompt(
  prompt: PromptVersion,
  history: readonly PromptHistory[],
  options: ProposeOptions = {},
): PromptInput | undefined {
  const { least = 20, share = 0.1, examples: most = 3 } = options;
  if (history.length < least) return undefined;
  const counts = new Map<string, number>();
  for (const { problems } of history)
    for (const kind of new Set(problems)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const frequent = [...counts]
    .filter(([kind, n]) => n / history.length >= share && kind in REMEDIES)
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  const rules = frequent.map(([kind]) => REMEDIES[kind] ?? '').filter((rule) => !prompt.rules.includes(rule));
  const failed = history.filter(({ success }) => !success).length;
  const examples = prompt.examples.length === 0 && failed / history.length >= share ? goodExamples(history, most) : [];
  if (rules.length === 0 && examples.length === 0) return undefined;
  const { version: _v, parent: _p, by: _b, at: _a, sha256: _s, ...body } = prompt;
  const reasons = [
    ...frequent
      .slice(0, rules.length)
      .map(([kind, n]) => `${kind} in ${n} of ${history.length} tasks: a rule against it`),
    ...(examples.length > 0
      ? [`${failed} of ${history.length} failed: ${examples.length} examples that were accepted at once`]
      : []),
  ];
  return {
    ...body,
    rules: [...prompt.rules, ...rules],
    examples: [...prompt.examples, ...examples],
    changelog: `proposed from outcomes of @${prompt.version}. ${reasons.join('; ')}`,
  };
}

/** Short ones that were accepted in the first round, each from another kind of opening. */
function goodExamples(history: readonly PromptHistory[], most: number): { task: string; answer: string }[] {
  const chosen: { task: string; answer: string }[] = [];
  const openings = new Set<string>();
  const good = history
    .filter(
      (h) =>
        h.success &&
        h.rounds === 1 &&
        (h.answer?.length ?? 0) > 0 &&
        h.task.length <= 600 &&
        (h.answer?.length ?? 0) <= 600,
    )
    .sort((a, b) => a.task.length + (a.answer?.length ?? 0) - (b.task.length + (b.answer?.length ?? 0)));
  for (const { task, answer } of good) {
    const opening = task.toLowerCase().split(/\s+/).slice(0, 3).join(' ');
    if (openings.has(opening) || chosen.length >= most) continue;
    openings.add(opening);
    chosen.push({ task, answer: answer ?? '' });
  }
  return chosen;
}

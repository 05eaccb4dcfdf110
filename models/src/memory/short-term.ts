// Short-term memory of a task: notes in order, the oldest folded into a summary when they outgrow their budget. Pure.
import type { Note, TaskMemory } from '@cortex/schemas';

export interface ShortTermOptions {
  /** Tokens all notes and the summary may have together. */
  readonly budgetTokens: number;
  /** Counts tokens of a text. */
  readonly count: (text: string) => number;
}

/** Share of the budget that the summary may take. */
const SUMMARY_SHARE = 0.25;

/** Memory with one more note, within its budget. A note that is larger than the budget alone is cut at its end. */
export function remember(
  memory: TaskMemory,
  note: Pick<Note, 'kind' | 'text'>,
  options: ShortTermOptions,
  now = new Date(),
): TaskMemory {
  const { budgetTokens, count } = options;
  const text = cutTo(note.text, Math.floor(budgetTokens * (1 - SUMMARY_SHARE)), count);
  const notes = [...memory.notes, { kind: note.kind, at: now.toISOString(), text, tokens: count(text) }];
  let { summary, summarised } = memory;
  const size = () => notes.reduce((sum, n) => sum + n.tokens, 0) + count(summary);
  while (size() > budgetTokens && notes.length > 1) {
    const oldest = notes.shift() as Note;
    summary = cutTo(
      [summary, `${oldest.kind}: ${gist(oldest.text)}`].filter((part) => part !== '').join('\n'),
      Math.floor(budgetTokens * SUMMARY_SHARE),
      count,
      'start',
    );
    summarised++;
  }
  return { ...memory, notes, summary, summarised, updated_at: now.toISOString() };
}

/** Summary and notes as one text, oldest first; empty when nothing was noted. */
export function recallNotes(memory: TaskMemory): string {
  return [
    ...(memory.summary === '' ? [] : [`(earlier, shortened)\n${memory.summary}`]),
    ...memory.notes.map((note) => `${note.kind}: ${note.text}`),
  ].join('\n');
}

/** The first sentence, and the last when it holds a result; 240 characters at most. */
export function gist(text: string): string {
  const sentences = text
    .replace(/\s+/g, ' ')
    .trim()
    .split(/(?<=[.!?])\s+/);
  const first = sentences[0] ?? '';
  const last = sentences.length > 1 ? (sentences.at(-1) ?? '') : '';
  return [first, last]
    .filter((s) => s !== '')
    .map((s) => [...s].slice(0, 120).join(''))
    .join(' … ');
}

/** Shortened to at most `most` tokens; `from: 'start'` drops the beginning instead of the end. */
export function cutTo(
  text: string,
  most: number,
  count: (text: string) => number,
  from: 'start' | 'end' = 'end',
): string {
  if (count(text) <= most) return text;
  let low = 0;
  let high = text.length;
  const part = (n: number) => (from === 'end' ? `${text.slice(0, n)}…` : `…${text.slice(text.length - n)}`);
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (count(part(middle)) <= most) low = middle;
    else high = middle - 1;
  }
  return low === 0 ? '' : part(low);
}

// Text without a form we know → passages that end where a blank line is, else anywhere.
import type { Passage } from './types.js';

/** Characters of one passage, at most. About 500 tokens. */
export const LONGEST = 2_000;
/** Below this a passage joins its neighbour. */
export const SHORTEST = 240;

/** @param first number of the first of `lines`, from 1 */
export function cutLines(lines: readonly string[], first: number, kind: string, symbol: string): Passage[] {
  const found: Passage[] = [];
  let from = 0;
  while (from < lines.length) {
    let length = 0;
    let to = from;
    let border = -1;
    while (to < lines.length && (length === 0 || length + (lines[to]?.length ?? 0) < LONGEST)) {
      length += (lines[to]?.length ?? 0) + 1;
      to++;
      if (length > SHORTEST && to < lines.length && lines[to - 1]?.trim() === '') border = to;
    }
    const rest = lines.slice(to).reduce((sum, line) => sum + line.length + 1, 0);
    if (to < lines.length && (border > from || rest < SHORTEST) && length > SHORTEST * 2)
      to = border > from ? border : to;
    const text = lines
      .slice(from, to)
      .join('\n')
      .slice(0, 2 * LONGEST);
    if (text.trim() !== '')
      found.push({ kind, symbol, text: trimLines(text), start: first + from, end: first + to - 1 });
    from = to;
  }
  return found;
}

/** Blank lines at the ends say nothing; leading blanks of the first line do. */
export const trimLines = (text: string): string => text.replace(/^(?:[ \t]*\r?\n)+/, '').trimEnd();

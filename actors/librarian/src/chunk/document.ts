// Documents → one passage a section, with the headings it stands under. Long sections are cut at blank lines.
import { cutLines, LONGEST, SHORTEST } from './lines.js';
import type { CutFile, Passage } from './types.js';

const FENCE = /^\s*(```|~~~)/;
const UNDERLINE = /^(=|-|~|\^|"|#|\*)\1{2,}\s*$/;

interface Section {
  headings: string[];
  lines: string[];
  first: number;
}

export function cutDocument(text: string, language: string): CutFile {
  const passages = sections(text.split(/\r?\n/), language).flatMap(({ headings, lines, first }): Passage[] =>
    cutLines(lines, first, 'section', headings.join(' › ')),
  );
  return { language, passages: joined(passages), imports: [], defines: [] };
}

function sections(lines: readonly string[], language: string): Section[] {
  const found: Section[] = [{ headings: [], lines: [], first: 1 }];
  const levels: { level: number; heading: string }[] = [];
  const marks: string[] = [];
  let fenced = false;
  lines.forEach((line, i) => {
    if (FENCE.test(line)) fenced = !fenced;
    const heading = fenced ? undefined : headingOf(lines, i, language, marks);
    if (heading) {
      while (levels.length > 0 && (levels.at(-1)?.level ?? 0) >= heading.level) levels.pop();
      levels.push({ level: heading.level, heading: heading.text });
      found.push({ headings: levels.map((l) => l.heading), lines: [], first: i + 1 });
    }
    found.at(-1)?.lines.push(line);
  });
  return found.filter((section) => section.lines.some((line) => line.trim() !== ''));
}

function headingOf(
  lines: readonly string[],
  i: number,
  language: string,
  marks: string[],
): { level: number; text: string } | undefined {
  const line = lines[i] ?? '';
  const sign = language === 'markdown' ? '#' : language === 'asciidoc' ? '=' : '';
  const level = sign === '' ? 0 : (/^(?:#{1,6}|={1,6})(?=\s)/.exec(line)?.[0].length ?? 0);
  if (level > 0 && line.startsWith(sign)) {
    const said = line.slice(level).trim();
    // Closing signs of Markdown are no part of it.
    const text = sign === '#' ? withoutTail(said, '#').trimEnd() || said : said;
    if (text !== '') return { level, text };
  }
  if (language !== 'rst' && language !== 'markdown') return undefined;
  const below = lines[i + 1] ?? '';
  const mark = UNDERLINE.exec(below)?.[1];
  if (!mark || line.trim() === '' || UNDERLINE.test(line) || below.trim().length < Math.min(3, line.trim().length))
    return undefined;
  if (language === 'markdown') return mark === '=' ? { level: 1, text: line.trim() } : undefined;
  // In reStructuredText the order in which marks first appear is their level.
  if (!marks.includes(mark)) marks.push(mark);
  return { level: marks.indexOf(mark) + 1, text: line.trim() };
}

function withoutTail(text: string, sign: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === sign) end--;
  return text.slice(0, end);
}

/** A heading with a line under it is no answer: it joins the next one below the same parent. */
function joined(passages: readonly Passage[]): Passage[] {
  const found: Passage[] = [];
  for (const passage of passages) {
    const last = found.at(-1);
    if (
      last &&
      last.text.length < SHORTEST &&
      last.text.length + passage.text.length < LONGEST &&
      passage.start === last.end + 1
    ) {
      found[found.length - 1] = {
        ...passage,
        symbol: last.symbol && passage.symbol.startsWith(last.symbol) ? passage.symbol : last.symbol || passage.symbol,
        text: `${last.text}\n\n${passage.text}`,
        start: last.start,
      };
    } else found.push(passage);
  }
  return found;
}

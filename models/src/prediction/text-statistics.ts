// How a text looks, in numbers: length, digits, code, questions, structure. Cheap, and often the strongest hint at effort.
// The one thing to know: nothing here knows a data set; the names are stored with a model, so order and meaning are fixed.

export const TEXT_STATISTICS = [
  'log characters',
  'log words',
  'log sentences',
  'numbers',
  'digit share',
  'largest number',
  'word length',
  'question marks',
  'line breaks',
  'capital share',
  'money and percent',
  'distinct word share',
  'mark share',
  'commas',
  'code marks',
  'links and paths',
  'list items',
  'asks',
  'first line share',
] as const;

const NUMBER = /\d+(?:[.,]\d+)*/g;
const ASKS =
  /^(?:what|which|who|whom|whose|when|where|why|how|is|are|was|were|do|does|did|can|could|should|would|will)\b/i;

/** One number for each of TEXT_STATISTICS. Texts are read up to 20,000 characters. */
export function textStatistics(whole: string): Float64Array {
  const text = whole.length > 20_000 ? whole.slice(0, 20_000) : whole;
  const words = text.split(/\s+/).filter(Boolean);
  const numbers = text.match(NUMBER) ?? [];
  const size = Math.max(1, text.length);
  let digits = 0;
  let capitals = 0;
  let marks = 0;
  let letters = 0;
  for (const character of text) {
    if (character >= '0' && character <= '9') digits++;
    else if (/\p{L}/u.test(character)) {
      letters++;
      if (character !== character.toLowerCase()) capitals++;
    } else if (!/\s/.test(character)) marks++;
  }
  const largest = numbers.reduce((most, n) => Math.max(most, Number.parseFloat(n.replaceAll(',', '')) || 0), 0);
  const firstLine = text.indexOf('\n');
  return Float64Array.of(
    Math.log1p(text.length),
    Math.log1p(words.length),
    Math.log1p(occurrences(text, /[.!?](?:\s|$)/g)),
    Math.log1p(numbers.length),
    digits / size,
    Math.log1p(Math.min(1e12, largest)),
    words.length ? (letters + digits) / words.length : 0,
    Math.min(10, occurrences(text, /\?/g)),
    Math.log1p(occurrences(text, /\n/g)),
    capitals / Math.max(1, letters),
    Math.log1p(occurrences(text, /[$€£%]/g)),
    new Set(words).size / Math.max(1, words.length),
    marks / size,
    Math.log1p(occurrences(text, /,/g)),
    Math.log1p(occurrences(text, /[{}();=<>`_\\]|::|->/g)),
    Math.log1p(occurrences(text, /https?:|\w\/\w|\w\.\w+\(/g)),
    Math.log1p(occurrences(text, /^\s*(?:[-*•]|\(?\w[.)])\s/gm)),
    ASKS.test(text.trimStart()) ? 1 : 0,
    firstLine < 0 ? 1 : firstLine / size,
  );
}

function occurrences(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}

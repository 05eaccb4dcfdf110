// A text as the lexical voice sees it: word 1–2-grams, and character 3–5-grams inside blank-separated words.
// The one thing to know: a gram is its 32-bit hash. Two different grams meet so rarely (1 in 30,000 unknown grams hits a
// vocabulary of 120,000) that storing their strings would only cost memory.

/** Hashes of all grams of one text, in order, with repeats; views on a buffer that the next call overwrites. */
export interface Grams {
  words: Uint32Array;
  characters: Uint32Array;
}

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
const WORD_SALT = 0x9e3779b9;
const BLANK = 32;
const SHORTEST = 3;
const LONGEST = 5;

/** Class of a UTF-16 code unit: 0 blank, 1 punctuation, 2 part of a word, 3 a word by itself (scripts without blanks). */
const classes = new Uint8Array(65_536);
const known = new Uint8Array(65_536);

function classOf(code: number): number {
  if (!known[code]) {
    const character = String.fromCharCode(code);
    known[code] = 1;
    if (/\s/u.test(character)) classes[code] = 0;
    else if (/[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]/u.test(character)) classes[code] = 3;
    else if (/[\p{L}\p{N}\p{M}_]/u.test(character) || (code >= 0xd800 && code <= 0xdfff)) classes[code] = 2;
    else classes[code] = 1;
  }
  return classes[code]!;
}

function finish(hash: number): number {
  let mixed = hash ^ (hash >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  return mixed >>> 0;
}

/** Same text for the same meaning of characters: compatibility forms and case are folded. */
export function foldText(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}

/** Where the words of a folded text begin and end, as [from, to) pairs. */
export function wordSpans(folded: string): number[] {
  const spans: number[] = [];
  let from = -1;
  for (let i = 0; i <= folded.length; i++) {
    const kind = i < folded.length ? classOf(folded.charCodeAt(i)) : 0;
    if (kind === 2) {
      if (from < 0) from = i;
      continue;
    }
    if (from >= 0) spans.push(from, i);
    from = -1;
    if (kind === 3) spans.push(i, i + 1);
  }
  return spans;
}

/** Hash of the word gram folded[from, to), or of the two words it joins when a second span is given. */
export function wordHash(folded: string, from: number, to: number, nextFrom = -1, nextTo = -1): number {
  let hash = FNV_OFFSET ^ WORD_SALT;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ folded.charCodeAt(i), FNV_PRIME);
  if (nextFrom >= 0) {
    hash = Math.imul(hash ^ BLANK, FNV_PRIME);
    for (let i = nextFrom; i < nextTo; i++) hash = Math.imul(hash ^ folded.charCodeAt(i), FNV_PRIME);
  }
  return finish(hash);
}

let buffer = new Uint32Array(4096);
let filled = 0;

function put(hash: number): void {
  if (filled === buffer.length) {
    const larger = new Uint32Array(buffer.length * 2);
    larger.set(buffer);
    buffer = larger;
  }
  buffer[filled++] = hash;
}

/** Grams of one text. About 10 µs for a short request. */
export function gramsOf(text: string): Grams {
  const folded = foldText(text);
  filled = 0;
  const spans = wordSpans(folded);
  for (let s = 0; s < spans.length; s += 2) {
    put(wordHash(folded, spans[s]!, spans[s + 1]!));
    if (s + 2 < spans.length) put(wordHash(folded, spans[s]!, spans[s + 1]!, spans[s + 2]!, spans[s + 3]!));
  }
  const words = filled;
  let from = -1;
  for (let i = 0; i <= folded.length; i++) {
    const blank = i === folded.length || classOf(folded.charCodeAt(i)) === 0;
    if (!blank && from < 0) from = i;
    if (blank && from >= 0) {
      characterGrams(folded, from, i);
      from = -1;
    }
  }
  return { words: buffer.subarray(0, words), characters: buffer.subarray(words, filled) };
}

/** All 3- to 5-grams of one word with a blank on either side; a shorter word counts once, whole. */
function characterGrams(folded: string, from: number, to: number): void {
  const length = to - from + 2;
  const at = (i: number) => (i === 0 || i === length - 1 ? BLANK : folded.charCodeAt(from + i - 1));
  for (let start = 0; start + SHORTEST <= length; start++) {
    let hash = FNV_OFFSET;
    const end = Math.min(length, start + LONGEST);
    for (let i = start; i < end; i++) {
      hash = Math.imul(hash ^ at(i), FNV_PRIME);
      if (i - start + 1 >= SHORTEST) put(finish(hash));
    }
  }
}

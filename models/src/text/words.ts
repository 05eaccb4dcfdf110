// Text → words, the same way for texts, names and keywords, in any script, in linear time.
// The one thing to know: stems are only for comparing; what people read is the word as it was written.

/** Characters of a text that are looked at: as many as a task may have. */
const MAX_CHARACTERS = 32_768;
const WORD = /[\p{L}\p{M}\p{N}]+(?:['’]\p{L}+)*/gu;
/** Scripts written without blanks between words: pairs of characters stand in for words there. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;

/** Lower-case words in order; from scripts without blanks, overlapping pairs of characters. */
export function words(text: string): string[] {
  const found: string[] = [];
  for (const [word] of text.slice(0, MAX_CHARACTERS).normalize('NFKC').toLowerCase().matchAll(WORD)) {
    if (UNSPACED.test(word)) pairs(word, found);
    else found.push(word);
  }
  return found;
}

function pairs(word: string, into: string[]): void {
  const characters = [...word];
  if (characters.length === 1) into.push(word);
  for (let k = 0; k + 1 < characters.length; k++) into.push(`${characters[k]}${characters[k + 1]}`);
}

/** Stems found lately: texts repeat their words, and looking up is several times faster than folding. Two generations, so that what is in use stays. */
let [young, old] = [new Map<string, string>(), new Map<string, string>()];
const MOST_YOUNG = 10_000;
/** Longer "words" are data; they are neither folded nor remembered. */
const MAX_FOLDED = 40;

/**
 * Folds English plurals and the commonest endings ("patches", "patched", "patching" → "patch").
 * Deliberately light: a wrong fold hurts more than a missed one. Other languages mostly pass unchanged.
 */
export function stem(word: string): string {
  if (word.length > MAX_FOLDED) return word;
  const known = young.get(word);
  if (known !== undefined) return known;
  const base = old.get(word) ?? fold(word);
  if (young.size >= MOST_YOUNG) [young, old] = [new Map(), young];
  young.set(word, base);
  return base;
}

function fold(word: string): string {
  let base = word.replace(/['’]s?$/, '');
  if (base.length > 4 && base.endsWith('ies')) base = `${base.slice(0, -3)}y`;
  else if (base.length > 4 && /(?:ss|sh|ch|x|z)es$/.test(base)) base = base.slice(0, -2);
  else if (base.length > 3 && base.endsWith('s') && !/[sui]s$/.test(base)) base = base.slice(0, -1);
  if (base.length > 5 && base.endsWith('ing')) return withoutEnding(base, 3);
  if (base.length > 4 && base.endsWith('ed') && !base.endsWith('eed')) return withoutEnding(base, 2);
  // "deploye(d)" and "deploy", "update" and "updating" meet without their last e.
  return base.length > 4 && base.endsWith('e') ? base.slice(0, -1) : base;
}

function withoutEnding(word: string, length: number): string {
  const base = word.slice(0, -length);
  if (!/[aeiouy]/.test(base)) return word;
  const last = base.at(-1);
  const doubled = last === base.at(-2) && last !== undefined && !'lsz'.includes(last);
  return doubled ? base.slice(0, -1) : base;
}

/** Words that say nothing about what a text is about. Stems, as `stem` gives them. */
export const STOP_STEMS: ReadonlySet<string> = new Set(
  `a an the and or but nor if then else so than as at by for from in into of off on onto out over to under up with
  without about after again against all also always am any are aren't be because been before being below between both
  can can't cannot could couldn't did didn't do does doesn't doing don't down during each few further get gets got had
  hadn't has hasn't have haven't having he her here hers him his how i i'd i'll i'm i've is isn't it it's its itself just
  let let's like made make many may me might more most much must my need new no not now of once only other our ours own
  please same shall she should shouldn't since some such take tell that that's the their them then there these they this
  those through till too until us use used using very want wants was wasn't we were weren't what what's when where which
  while who whom whose why will won't would wouldn't yes you your yours yourself hi hello hey thanks thank regards dear
  one two something someone anything everything etc per via vs within task tasks`
    .split(/\s+/)
    .map(stem),
);

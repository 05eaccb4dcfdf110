// Text and code → the terms that the inverted index knows: words, parts of names, flags, file endings, operators.
// The one thing to know: a name is found by its whole and by its parts (`readFileSync`, `read_file_sync`, "read file"), so both are terms.
import { stem, words } from '../text/index.js';

/** Characters of one text that are looked at. Longer documents are cut into passages before. */
const MAX_CHARACTERS = 131_072;
/** Longer terms are data (keys, base64): kept by their beginning, so that the dictionary stays bounded. */
const MAX_TERM = 48;

/** In order: flag, word or name with its inner joints, shell and code operators. */
const TOKEN =
  /(?<![\p{L}\p{N}_-])--?\p{L}[\p{L}\p{N}_-]*|(?<ending>(?<![\p{L}\p{N}_)\]])\.)?[\p{L}\p{M}\p{N}_]+(?:[-.:/@+'’][\p{L}\p{M}\p{N}_]+)*(?:\+\+|#(?![\p{L}\p{N}]))?|&&|\|\|?|>>?|<<?|=>|->|::|\$[({]|[!=]=+/gu;
const JOINT = /[-.:/@+_]+/u;
const CAMEL = /\p{Lu}+(?=\p{Lu}\p{Ll})|\p{Lu}?[\p{Ll}\p{Lo}\p{Lm}\p{M}'’]+|\p{Lu}+|\p{N}+/gu;
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;
const HAS_LETTER = /\p{L}/u;

/** Terms in order, the parts of a name directly behind it. The same text always gives the same terms. */
export function searchTerms(text: string): string[] {
  const terms: string[] = [];
  for (const match of text.slice(0, MAX_CHARACTERS).normalize('NFKC').matchAll(TOKEN)) {
    const token = match[0];
    if (token.startsWith('-') && token.length > 1 && HAS_LETTER.test(token)) flag(token, terms);
    else if (match.groups?.ending && token.length <= 8) {
      terms.push(token.toLowerCase());
      name(token.slice(1), terms);
    } else name(token, terms);
  }
  return terms;
}

/** `-rf` is one term and its letters as flags; `--max-depth` is one term and its words. */
function flag(token: string, into: string[]): void {
  const lower = token.toLowerCase();
  into.push(bounded(token.length <= 3 ? token : lower));
  if (token.startsWith('--')) name(token.slice(2), into);
  else if (token.length > 3) name(token.slice(1), into);
}

function name(token: string, into: string[]): void {
  if (UNSPACED.test(token)) {
    into.push(...words(token));
    return;
  }
  if (!HAS_LETTER.test(token)) {
    into.push(bounded(token));
    return;
  }
  const parts: string[] = [];
  for (const piece of token.split(JOINT)) {
    for (const [part] of piece.matchAll(CAMEL)) parts.push(part.toLowerCase());
  }
  // `C++` and `C#` are not `C`.
  if (/[+#]$/.test(token)) into.push(bounded(token.toLowerCase()));
  else if (parts.length > 1) into.push(bounded(parts.join('')));
  else if (!parts.length) into.push(bounded(token.toLowerCase()));
  // A number inside a name says little alone, and a file of versions would be full of them.
  for (const part of parts) if (parts.length === 1 || HAS_LETTER.test(part)) into.push(bounded(stem(part)));
}

const bounded = (term: string): string => (term.length > MAX_TERM ? term.slice(0, MAX_TERM) : term);

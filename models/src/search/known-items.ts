// Questions that a collection asks about itself: a document's title, or one of its sentences, taken out of it. The document is the answer.
// The one thing to know: what is asked is removed from the document, else the words would win every time by being copied.
import { seededRandom, shuffledIndices } from '../metrics/index.js';
import { searchTerms } from './tokens.js';

export interface KnownItem {
  /** The document that answers. */
  id: string;
  question: string;
  /** The document without the question. */
  text: string;
}

interface Item {
  id: string;
  title?: string | undefined;
  text: string;
}

/** Terms that a question has at least, and at most; and those left in the document at least. */
const SHORTEST = 3;
const LONGEST = 60;
const LEFT = 8;
const SENTENCE = /[^.!?\n。！？]+(?:[.!?。！？]+(?=\s|$)|\n|$|[.!?](?=\S))/gu;

/**
 * Titles where half of the documents looked at have a fit one, else sentences; fewer than `most`, or none, where too few fit.
 * @param most items wanted
 */
export function knownItems(documents: readonly Item[], most: number, seed: number): KnownItem[] {
  // Texts too short for a sentence to be taken out are many in some collections: no need to look at all of a large one.
  const order = [...shuffledIndices(documents.length, seededRandom(seed))].slice(0, most * 4);
  const titled = order.flatMap((i) => byTitle(documents[i]!));
  if (titled.length * 2 >= order.length) return titled.slice(0, most);
  const random = seededRandom(seed + 1);
  return order.flatMap((i) => bySentence(documents[i]!, random)).slice(0, most);
}

function byTitle({ id, title = '', text }: Item): KnownItem[] {
  const rest = text.replaceAll(title || '\0', ' ').trim();
  return title && fits(title, rest) ? [{ id, question: title, text: rest }] : [];
}

function bySentence({ id, text }: Item, random: () => number): KnownItem[] {
  const sentences = [...text.slice(0, 8000).matchAll(SENTENCE)].filter(([s]) => s.trim());
  if (sentences.length < 3) return [];
  const chosen = sentences[Math.floor(random() * sentences.length)]!;
  const rest = `${text.slice(0, chosen.index)} ${text.slice(chosen.index + chosen[0].length)}`.trim();
  return fits(chosen[0], rest) ? [{ id, question: chosen[0].trim(), text: rest }] : [];
}

function fits(question: string, rest: string): boolean {
  const asked = searchTerms(question).length;
  return asked >= SHORTEST && asked <= LONGEST && searchTerms(rest.slice(0, 2000)).length >= LEFT;
}

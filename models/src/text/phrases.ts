// Finds many phrases in a text at once: one look-up a word, however many phrases are known.

export interface PhraseMatch<T> {
  value: T;
  /** Index of the first word and of the one behind the last. */
  from: number;
  to: number;
}

export class PhraseIndex<T> {
  private readonly byFirst = new Map<string, { phrase: readonly string[]; value: T }[]>();

  add(phrase: readonly string[], value: T): void {
    const first = phrase[0];
    if (first === undefined) return;
    const entries = this.byFirst.get(first);
    if (entries) entries.push({ phrase, value });
    else this.byFirst.set(first, [{ phrase, value }]);
  }

  /** Every occurrence of every phrase, in the order of the text. */
  find(text: readonly string[]): PhraseMatch<T>[] {
    const matches: PhraseMatch<T>[] = [];
    text.forEach((word, from) => {
      for (const { phrase, value } of this.byFirst.get(word) ?? []) {
        if (phrase.every((part, k) => text[from + k] === part)) matches.push({ value, from, to: from + phrase.length });
      }
    });
    return matches;
  }
}

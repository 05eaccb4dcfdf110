// Counting tokens before they are spent. Other models count otherwise, so what a server reports corrects the estimate upwards.
import { countTokens } from 'gpt-tokenizer';

/** Tokens of a text, by the o200k vocabulary. Text that looks like a control token is counted as text. */
export function tokensOf(text: string): number {
  return countTokens(text, { disallowedSpecial: new Set() });
}

/** Remembers how far a server's count lay above ours. */
export class Estimate {
  #ratio = 1.05;

  /** What a prompt will count at most. */
  of(texts: readonly string[]): number {
    const plain = texts.reduce((sum, text) => sum + tokensOf(text) + 6, 8);
    return Math.ceil(plain * this.#ratio);
  }

  learn(estimated: number, real: number): void {
    if (estimated > 0 && real > estimated) this.#ratio = Math.min(4, this.#ratio * (real / estimated) * 1.02);
  }
}

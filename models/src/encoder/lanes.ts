// In which order waiting texts go to the model: short calls before long ones, but the long ones never starve.
// The one thing to know: a bite is small (a tenth of a second of work), so a task never waits behind a whole training set.

/** A text that waits. `gone` ones are skipped: they were taken already, or nobody wants them any more. */
export interface Waiting {
  readonly text: string;
  gone: boolean;
}

export interface BiteLimits {
  /** Texts in a bite. */
  maxTexts: number;
  /** Estimated tokens in a bite; a longer text goes alone. */
  maxTokens: number;
  /** Tokens after which a text is cut by the model, for the estimate. */
  maxTokensPerText: number;
}

/** Every so many bites the bulk lane goes first. */
const BULK_TURN = 4;

export class Lanes<T extends Waiting> {
  private readonly urgent = new Queue<T>();
  private readonly bulk = new Queue<T>();
  private bites = 0;

  constructor(private readonly limits: BiteLimits) {}

  push(item: T, urgent: boolean): void {
    (urgent ? this.urgent : this.bulk).push(item);
  }

  /** The next texts to work on together; empty when none wait. Bites do not mix lanes: a short call stays short. */
  take(): T[] {
    this.bites++;
    const order = this.bites % BULK_TURN === 0 ? [this.bulk, this.urgent] : [this.urgent, this.bulk];
    for (const queue of order) {
      const bite = this.takeFrom(queue);
      if (bite.length > 0) return bite;
    }
    return [];
  }

  drain(): T[] {
    return [...this.urgent.drain(), ...this.bulk.drain()].filter((item) => !item.gone);
  }

  private takeFrom(queue: Queue<T>): T[] {
    const bite: T[] = [];
    let tokens = 0;
    for (let item = queue.peek(); item !== undefined && bite.length < this.limits.maxTexts; item = queue.peek()) {
      if (!item.gone) {
        tokens += Math.min(this.limits.maxTokensPerText, estimateTokens(item.text));
        if (bite.length > 0 && tokens > this.limits.maxTokens) break;
        item.gone = true; // It may stand in the other lane too.
        bite.push(item);
      }
      queue.shift();
    }
    return bite;
  }
}

/** Good enough to share work out: English has about four characters a token. */
export function estimateTokens(text: string): number {
  return 2 + Math.ceil(text.length / 4);
}

/** First in, first out, without moving the rest at each step as an array's `shift` does. */
class Queue<T> {
  private items: T[] = [];
  private head = 0;

  push(item: T): void {
    this.items.push(item);
  }

  peek(): T | undefined {
    return this.items[this.head];
  }

  shift(): void {
    this.head++;
    if (this.head > 1024 && this.head * 2 > this.items.length) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
  }

  drain(): T[] {
    const rest = this.items.slice(this.head);
    this.items = [];
    this.head = 0;
    return rest;
  }
}

// Answers to identical questions, so that a text is worked on once however often it comes.
// The one thing to know: the key holds the model, the masters that may be chosen and the text, so nothing ever goes stale.
import { hash } from 'node:crypto';
import type { RouteQuery } from '@cortex/models';

export class Remembered<T> {
  private readonly entries = new Map<string, T>();
  hits = 0;
  misses = 0;

  constructor(private readonly limit: number) {}

  get size(): number {
    return this.entries.size;
  }

  get(key: string): T | undefined {
    const value = this.entries.get(key);
    if (value === undefined) {
      this.misses++;
      return undefined;
    }
    this.hits++;
    // Last used goes last: a Map keeps insertion order.
    this.entries.delete(key);
    this.entries.set(key, value);
    return value;
  }

  set(key: string, value: T): void {
    if (this.limit === 0) return;
    this.entries.delete(key);
    this.entries.set(key, value);
    if (this.entries.size > this.limit) {
      const oldest = this.entries.keys().next();
      if (!oldest.done) this.entries.delete(oldest.value);
    }
  }
}

/** Everything of a question that can change its answer. */
export function questionKey(panel: string, masters: string, query: RouteQuery): string {
  return hash(
    'sha256',
    JSON.stringify([panel, masters, query.text, query.title, query.labels, query.repository, query.source]),
    'base64url',
  );
}

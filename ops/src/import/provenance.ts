// Whether rows come from real work. Older installations hold test rows and rows that a script made up; learning from them teaches the script.

import { isFields } from './fields.js';
import type { Provenance } from './records.js';

const TEST_ID = /(^|[^a-z])(test|demo|dummy|sample|example|fake|mock)([^a-z]|$)/i;

/** Most documents looked at: what a script wrote shows early. */
export const LOOKED_AT = 5_000;

/** Watches a file's first documents for marks that only a generator leaves. */
export class GeneratorMarks {
  private readonly fractions = new Map<string, number>();
  private stamps = 0;
  private readonly texts = new Set<string>();
  private withText = 0;
  private seen = 0;

  observe(document: Record<string, unknown>): void {
    if (this.seen++ >= LOOKED_AT) return;
    for (const field of ['timestamp', 'created_at', 'at']) {
      const value = document[field];
      // Whole seconds and milliseconds of .000 say nothing.
      const fraction = typeof value === 'string' ? /\.(\d{3,9})/.exec(value)?.[1] : undefined;
      if (fraction === undefined || /^0+$/.test(fraction)) continue;
      this.stamps++;
      this.fractions.set(fraction, (this.fractions.get(fraction) ?? 0) + 1);
    }
    const text = document.task_description ?? document.title ?? document.description;
    if (typeof text === 'string') {
      this.withText++;
      this.texts.add(text.trim().toLowerCase());
    }
  }

  /** Why the file looks generated, or undefined. */
  reason(): string | undefined {
    const most = Math.max(0, ...this.fractions.values());
    // By chance two clocks agree on a millisecond once in a thousand; nine in ten never do.
    if (this.stamps >= 20 && most >= 0.9 * this.stamps)
      return `${most} of ${this.stamps} times have the same fraction of a second`;
    if (this.withText >= 200 && this.texts.size <= 0.02 * this.withText)
      return `only ${this.texts.size} different texts in ${this.withText} rows`;
    return undefined;
  }
}

export function provenanceOf(document: Record<string, unknown>, generated: boolean): Provenance {
  if (generated) return 'generated';
  for (const field of ['task_id', 'event_id', 'id', 'worker_id', 'example_id', 'handoff_id']) {
    const value = document[field];
    if (typeof value === 'string' && TEST_ID.test(value)) return 'test';
  }
  const source = isFields(document.task_metadata) ? document.task_metadata.source : document.source;
  return source === 'test' || source === 'demo' ? 'test' : 'real';
}

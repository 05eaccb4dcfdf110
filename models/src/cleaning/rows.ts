// What cleaning works on, and what it says about each row it takes out.

/** A training row with whatever is known of where it comes from. */
export interface RawRow {
  readonly text: string;
  /** The right master; null: no master fits. */
  readonly label: string | null;
  /** How much it counts. Default 1. */
  readonly weight?: number;
  readonly task?: string;
  /** When it happened: milliseconds since 1970, or RFC 3339 (whose fraction tells generated rows). */
  readonly at?: number | string;
  /** Who says so: a worker, a person, an imported file. */
  readonly sayer?: string;
  /** Said by the row itself: real, test or generated. */
  readonly provenance?: string;
}

export const REASONS = [
  'schema',
  'range',
  'test',
  'generated',
  'conflict',
  'duplicate',
  'near-duplicate',
  'leak',
] as const;
export type Reason = (typeof REASONS)[number];

export interface Quarantined<R> {
  readonly row: R;
  /** Place in what was given, from 0. */
  readonly index: number;
  readonly reason: Reason;
  /** In words, such as `label: must be a master's name or null`. */
  readonly detail: string;
}

export type Origin = 'real' | 'test' | 'generated';

/** Texts that differ in case and white space only are the same text. */
export function sameText(text: string): string {
  return text.toLowerCase().replace(/\s+/gu, ' ').trim();
}

/** Milliseconds since 1970; NaN for what is no moment. */
export function momentOf(at: number | string): number {
  return typeof at === 'number' ? at : Date.parse(at);
}

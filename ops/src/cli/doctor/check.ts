// What one look of the doctor finds.

export interface Check {
  /** Short name, the same in text and JSON. */
  readonly name: string;
  readonly verdict: 'ok' | 'warn' | 'fail';
  /** What was found. */
  readonly found: string;
  /** What to do about it; nothing when it is ok. */
  readonly advice?: string;
}

export const ok = (name: string, found: string): Check => ({ name, verdict: 'ok', found });
export const warn = (name: string, found: string, advice: string): Check => ({ name, verdict: 'warn', found, advice });
export const fail = (name: string, found: string, advice: string): Check => ({ name, verdict: 'fail', found, advice });

// Whether a row is a row at all: its fields and their ranges. Pure.
import { MAX_TEXT_LENGTH } from '@cortex/schemas';
import { momentOf, type Reason } from './rows.js';

const MAX_LABEL = 128;
const EARLIEST = Date.UTC(2000, 0, 1);
const DAY = 86_400_000;

interface Bounds {
  readonly low: number;
  readonly high: number;
  /** Whether `low` itself is outside. */
  readonly above?: boolean;
}

/** Numbers a row may carry besides; each may be missing. */
const RANGES: Readonly<Record<string, Bounds>> = {
  weight: { low: 0, high: 1_000, above: true },
  propensity: { low: 0, high: 1, above: true },
  confidence: { low: 0, high: 1 },
  quality: { low: 0, high: 1 },
  success: { low: 0, high: 1 },
  minutes: { low: 0, high: 366 * 24 * 60 },
  tokens: { low: 0, high: 1e12 },
};

/** What is wrong with a row; undefined for a sound one. */
export function problemOf(row: unknown, now: number): { reason: Reason; detail: string } | undefined {
  const schema = (detail: string) => ({ reason: 'schema' as const, detail });
  if (typeof row !== 'object' || row === null || Array.isArray(row)) return schema('must be an object');
  const fields = row as Readonly<Record<string, unknown>>;
  const { text, label, at } = fields;
  if (typeof text !== 'string') return schema('text: must be a string');
  if (text.trim() === '') return schema('text: is empty');
  if (text.length > MAX_TEXT_LENGTH) return schema(`text: is longer than ${MAX_TEXT_LENGTH} characters`);
  if (/\uFFFD/.test(text)) return schema('text: holds characters that were lost in a wrong decoding');
  if (label !== null && (typeof label !== 'string' || label.trim() === ''))
    return schema("label: must be a master's name or null");
  if (typeof label === 'string' && label.length > MAX_LABEL)
    return schema(`label: is longer than ${MAX_LABEL} characters`);
  for (const [name, { low, high, above }] of Object.entries(RANGES)) {
    const value = fields[name];
    if (value === undefined || value === null || typeof value === 'boolean') continue;
    if (typeof value !== 'number' || !Number.isFinite(value)) return schema(`${name}: must be a number`);
    if (value < low || value > high || (above && value === low))
      return { reason: 'range', detail: `${name}: ${value} is not ${above ? 'above' : 'from'} ${low} to ${high}` };
  }
  if (at !== undefined) {
    if (typeof at !== 'number' && typeof at !== 'string') return schema('at: must be a moment');
    const moment = momentOf(at);
    if (!Number.isFinite(moment)) return schema(`at: "${String(at).slice(0, 40)}" is no moment`);
    // A day of grace: clocks differ.
    if (moment < EARLIEST || moment > now + DAY)
      return { reason: 'range', detail: `at: ${new Date(moment).toISOString()} is before 2000 or in the future` };
  }
  return undefined;
}

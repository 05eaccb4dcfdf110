// Reading single fields of older files: confidences in four spellings, times with and without zone, names with and without `-master`.
// A value that cannot be meant is an error that names the field; a missing one is undefined.
import { canonicalMaster, MAX_NAME_LENGTH } from '@cortex/schemas';

export class BadField extends Error {
  override readonly name = 'BadField';
  constructor(
    readonly field: string,
    problem: string,
  ) {
    super(`${field}: ${problem}`);
  }
}

export type Fields = Record<string, unknown>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object under a field, or an empty one. */
export function part(from: Fields, field: string): Fields {
  const value = from[field];
  return isFields(value) ? value : {};
}

export function list(from: Fields, field: string): Fields[] {
  const value = from[field];
  return Array.isArray(value) ? value.filter(isFields) : [];
}

/** The first of the named fields that holds text; blank is missing. */
export function text(from: Fields, ...names: string[]): string | undefined {
  for (const name of names) {
    const value = from[name];
    if (typeof value === 'string' && value.trim() !== '') return value.trim();
    if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  }
  return undefined;
}

export function requiredText(from: Fields, ...names: string[]): string {
  const value = text(from, ...names);
  if (value === undefined) throw new BadField(names.join(' or '), 'is missing or empty');
  return value;
}

/** A number, also written as text such as ".4800" or "12 %". */
export function number(from: Fields, ...names: string[]): number | undefined {
  for (const name of names) {
    const value = from[name];
    if (value === null || value === undefined || value === '') continue;
    if (typeof value === 'boolean') continue;
    const read =
      typeof value === 'number'
        ? value
        : typeof value === 'string'
          ? Number(value.trim().replace(/\s*%$/, ''))
          : Number.NaN;
    if (!Number.isFinite(read)) throw new BadField(name, `${JSON.stringify(value)?.slice(0, 60)} is not a number`);
    return read;
  }
  return undefined;
}

export function positive(from: Fields, ...names: string[]): number | undefined {
  const value = number(from, ...names);
  if (value !== undefined && value < 0) throw new BadField(names.join(' or '), `${value} is below 0`);
  return value;
}

/** 0 to 1, from 0–1, 0–100, or either as text. Above 1 the scale is 0–100; exactly 1 is certainty. */
export function confidence(from: Fields, ...names: string[]): number | undefined {
  const field = names.find((name) => from[name] !== undefined && from[name] !== null && from[name] !== '');
  if (field === undefined) return undefined;
  const value = number(from, field);
  if (value === undefined) return undefined;
  const percent = typeof from[field] === 'string' && (from[field] as string).includes('%');
  const share = percent || value > 1 ? value / 100 : value;
  if (share < 0 || share > 1) throw new BadField(field, `${value} is neither 0 to 1 nor 0 to 100`);
  return Math.round(share * 1e6) / 1e6;
}

export function shares(from: Fields): Record<string, number> | undefined {
  const entries = Object.keys(from)
    .map((name) => [canonicalMaster(name), confidence(from, name)] as const)
    .filter((entry): entry is readonly [string, number] => entry[1] !== undefined);
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}

export function flag(from: Fields, ...names: string[]): boolean | undefined {
  for (const name of names) {
    const value = from[name];
    if (typeof value === 'boolean') return value;
    if (value === 'true') return true;
    if (value === 'false') return false;
  }
  return undefined;
}

export function master(from: Fields, ...names: string[]): string | undefined {
  const value = text(from, ...names);
  if (value === undefined || value === 'null' || value === 'none' || value === 'unknown') return undefined;
  const name = canonicalMaster(value);
  if (name.length > MAX_NAME_LENGTH) throw new BadField(names.join(' or '), 'is too long for a name');
  return name;
}

/** ISO 8601 in UTC. A time without a zone is taken as UTC; numbers are seconds or milliseconds since 1970. */
export function moment(from: Fields, ...names: string[]): string | undefined {
  for (const name of names) {
    const value = from[name];
    if (value === null || value === undefined || value === '') continue;
    const at = toMillis(value);
    if (at === undefined || at < Date.UTC(2000, 0) || at > Date.UTC(2100, 0))
      throw new BadField(name, `${JSON.stringify(value)?.slice(0, 60)} is not a time`);
    return new Date(at).toISOString();
  }
  return undefined;
}

function toMillis(value: unknown): number | undefined {
  if (typeof value === 'number') return value > 1e11 ? value : value * 1000;
  if (typeof value !== 'string') return undefined;
  const written = value.trim().replace(' ', 'T');
  if (!/^\d{4}-\d\d-\d\d/.test(written)) return undefined;
  // 2025-11-11T10:00:00-0600 is what `date` writes; the standard wants a colon.
  const zoned = /(Z|[+-]\d\d:?\d\d)$/i.test(written) || !written.includes('T');
  const parsed = Date.parse(zoned ? written.replace(/([+-]\d\d)(\d\d)$/, '$1:$2') : `${written}Z`);
  return Number.isNaN(parsed) ? undefined : parsed;
}

const PRIORITIES = ['critical', 'high', 'medium', 'low'];

/** One of ours, or undefined: older files also hold numbers and free words. */
export function priority(from: Fields, name = 'priority'): string | undefined {
  const value = text(from, name)?.toLowerCase();
  if (value === undefined) return undefined;
  if (PRIORITIES.includes(value)) return value;
  return { urgent: 'critical', p0: 'critical', p1: 'high', p2: 'medium', p3: 'low', normal: 'medium' }[value];
}

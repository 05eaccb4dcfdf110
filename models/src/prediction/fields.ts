// Further fields of a task (size, repository, labels, load …) as numbers.
// The one thing to know: a field is a number when nine of ten present values are; any other is read as a name with levels;
// a missing value is NaN for trees and 0 with a flag for linear models; a level never seen is like a missing one.

const MOST_FIELDS = 64;
const MOST_LEVELS = 40;

export type Field =
  /** `mean` and `deviation` are of the signed logarithm. */
  | { kind: 'number'; name: string; mean: number; deviation: number }
  | { kind: 'name'; name: string; levels: string[]; wordy: boolean };

type Bag = Readonly<Record<string, unknown>> | undefined;

export function fitFields(bags: readonly Bag[]): Field[] {
  const present = new Map<string, unknown[]>();
  for (const bag of bags) {
    for (const [name, value] of Object.entries(bag ?? {})) {
      if (value === null || value === undefined || value === '') continue;
      const values = present.get(name);
      if (values) values.push(value);
      else if (present.size < MOST_FIELDS) present.set(name, [value]);
    }
  }
  return [...present].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, values]) => fitField(name, values));
}

function fitField(name: string, values: readonly unknown[]): Field {
  const numbers = values.map(numberOf).filter((v) => !Number.isNaN(v));
  if (numbers.length >= values.length * 0.9) {
    const logs = numbers.map(signedLog);
    const mean = logs.reduce((a, b) => a + b, 0) / logs.length;
    const deviation = Math.sqrt(logs.reduce((a, b) => a + (b - mean) ** 2, 0) / logs.length) || 1;
    return { kind: 'number', name, mean, deviation };
  }
  const counts = new Map<string, number>();
  for (const value of values) counts.set(nameOf(value), (counts.get(nameOf(value)) ?? 0) + 1);
  const levels = [...counts].filter(([, n]) => n >= 2).sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  return {
    kind: 'name',
    name,
    levels: levels.slice(0, MOST_LEVELS).map(([level]) => level),
    wordy: counts.size > MOST_LEVELS,
  };
}

/** NaN when it is not a number. Booleans are 1 and 0. */
export function numberOf(value: unknown): number {
  if (typeof value === 'boolean') return value ? 1 : 0;
  return typeof value === 'number' && Number.isFinite(value) ? value : Number.NaN;
}

/** The value as a name; undefined when it is absent. */
export function levelOf(field: Field, bag: Bag): string | undefined {
  const value = bag?.[field.name];
  return value === null || value === undefined || value === '' ? undefined : nameOf(value);
}

function nameOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

export function signedLog(value: number): number {
  return Math.sign(value) * Math.log1p(Math.abs(value));
}

/** For trees: each number as it is. */
export function numbersOf(fields: readonly Field[], bag: Bag): number[] {
  return fields.flatMap((field) => (field.kind === 'number' ? [numberOf(bag?.[field.name])] : []));
}

/** Columns that `linearFields` fills. */
export function linearWidth(fields: readonly Field[]): number {
  return fields.reduce((sum, field) => sum + (field.kind === 'number' ? 2 : field.levels.length), 0);
}

/** For linear models: standardised numbers with a flag for "missing", and one column a level. */
export function linearFields(fields: readonly Field[], bag: Bag): [column: number, value: number][] {
  const out: [number, number][] = [];
  let column = 0;
  for (const field of fields) {
    if (field.kind === 'number') {
      const value = numberOf(bag?.[field.name]);
      if (Number.isNaN(value)) out.push([column + 1, 1]);
      else out.push([column, Math.max(-4, Math.min(4, (signedLog(value) - field.mean) / field.deviation))]);
      column += 2;
    } else {
      const level = levelOf(field, bag);
      const at = level === undefined ? -1 : field.levels.indexOf(level);
      if (at >= 0) out.push([column + at, 1]);
      column += field.levels.length;
    }
  }
  return out;
}

/** Text of the fields with more values than levels, for the words of the task. */
export function wordyText(fields: readonly Field[], bag: Bag): string {
  return fields
    .map((field) => (field.kind === 'name' && field.wordy ? (levelOf(field, bag) ?? '') : ''))
    .join('\n')
    .trim();
}

// Reads a user's rows: JSON lines, packed with gzip or not. A bad row is counted and shown by its line, not fatal by itself.
// The one thing to know: more than one row in twenty bad, or none usable, is refused with file, line and field.
import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';

/** The input cannot be used. The command line answers with exit code 2. */
export class EvaluateInputError extends Error {
  override readonly name = 'EvaluateInputError';
  readonly retryable = false;

  constructor(
    readonly file: string,
    detail: string,
    readonly line?: number,
    readonly field?: string,
  ) {
    const place = [file, line && `line ${line}`, field && `field "${field}"`].filter(Boolean).join(', ');
    super(`${place}: ${detail}`);
  }
}

/** What is wrong with one row. */
export class RowError extends Error {
  override readonly name = 'RowError';

  constructor(
    readonly field: string,
    detail: string,
  ) {
    super(detail);
  }
}

export interface BadRow {
  line: number;
  field: string;
  reason: string;
}

export interface ReadRows<Row> {
  rows: Row[];
  /** Line number of each row. */
  lines: number[];
  bad: { count: number; shown: BadRow[] };
}

const MOST_BAD = 0.05;
const SHOWN = 20;

/** @param parse makes a row of an object, or throws RowError. */
export async function readJsonLines<Row>(
  file: string,
  parse: (value: Record<string, unknown>) => Row,
): Promise<ReadRows<Row>> {
  const out: ReadRows<Row> = { rows: [], lines: [], bad: { count: 0, shown: [] } };
  let number = 0;
  try {
    for await (const line of linesOf(file)) {
      number++;
      if (!line.trim()) continue;
      try {
        out.rows.push(parse(objectOf(number === 1 ? line.replace(/^\uFEFF/, '') : line)));
        out.lines.push(number);
      } catch (error) {
        if (!(error instanceof RowError)) throw error;
        out.bad.count++;
        if (out.bad.shown.length < SHOWN)
          out.bad.shown.push({ line: number, field: error.field, reason: error.message });
      }
    }
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new EvaluateInputError(file, `cannot be read: ${detail}`, number || undefined);
  }
  const first = out.bad.shown[0];
  const total = out.rows.length + out.bad.count;
  if (first && out.bad.count > total * MOST_BAD) {
    const share = `${out.bad.count} of ${total} rows are bad, more than 5 %. The first: ${first.reason}`;
    throw new EvaluateInputError(file, share, first.line, first.field);
  }
  if (!out.rows.length) throw new EvaluateInputError(file, 'holds no rows. Give one JSON object a line.');
  return out;
}

async function* linesOf(file: string): AsyncGenerator<string> {
  const source = createReadStream(file);
  const gunzip = file.endsWith('.gz') ? createGunzip() : undefined;
  // A reading error has to reach the loop below, not the process.
  if (gunzip) source.on('error', (error) => gunzip.destroy(error)).pipe(gunzip);
  const decoder = new TextDecoder();
  let rest = '';
  for await (const bytes of gunzip ?? source) {
    const lines = (rest + decoder.decode(bytes as Uint8Array, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest) yield rest;
}

function objectOf(line: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new RowError('(row)', `is not JSON: ${error instanceof Error ? error.message : error}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new RowError('(row)', 'is not a JSON object');
  return value as Record<string, unknown>;
}

export function textField(value: Record<string, unknown>, field: string): string {
  const found = value[field];
  if (typeof found !== 'string') throw new RowError(field, `is ${found === undefined ? 'missing' : 'not a text'}`);
  return found;
}

/** Milliseconds since 1970 of an ISO time or a number (seconds below 10¹¹, else milliseconds); undefined when absent. */
export function timeField(value: Record<string, unknown>, field: string): number | undefined {
  const found = value[field];
  if (found === undefined || found === null) return undefined;
  const at = typeof found === 'number' ? (Math.abs(found) < 1e11 ? found * 1000 : found) : Date.parse(String(found));
  if (!Number.isFinite(at)) throw new RowError(field, `"${String(found).slice(0, 40)}" is not a time`);
  return at;
}

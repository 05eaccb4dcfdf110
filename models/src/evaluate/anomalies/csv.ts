// Reads a user's CSV: a header, then one row a step; packed with gzip or not; a line at a time.
// The one thing to know: a cell that is no number is an error with file, line and field; an empty one is a missing value.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { EvaluateInputError } from '../outcomes/index.js';

export interface CsvRow {
  /** From 1; the header is line 1. */
  line: number;
  cells: string[];
}

/** Lines between two words of progress. */
const OFTEN = 4_096;

/**
 * The header first, then every row that is not blank.
 * @param onRead told now and then which share of the file is read (0 to 1), and how many lines
 * @throws EvaluateInputError
 */
export async function* readCsv(file: string, onRead?: (share: number, lines: number) => void): AsyncGenerator<CsvRow> {
  const bytes = onRead === undefined ? 0 : ((await stat(file).catch(() => undefined))?.size ?? 0);
  const source = createReadStream(file);
  const unpacked = file.endsWith('.gz') ? createGunzip() : source;
  const failed = new Promise<never>((_, reject) => {
    source.on('error', reject);
    unpacked.on('error', reject);
  });
  failed.catch(() => undefined);
  if (unpacked !== source) source.pipe(unpacked as ReturnType<typeof createGunzip>);
  const lines = createInterface({ input: unpacked, crlfDelay: Number.POSITIVE_INFINITY });
  const walk = lines[Symbol.asyncIterator]();
  let line = 0;
  let width = 0;
  try {
    for (;;) {
      const next = await Promise.race([walk.next(), failed]).catch((error: Error) => {
        throw new EvaluateInputError(file, `cannot be read: ${error.message}`, line || undefined);
      });
      if (next.done) break;
      line++;
      // What is read of the file runs ahead of its lines.
      if (line % OFTEN === 0) onRead?.(Math.min(0.99, source.bytesRead / Math.max(1, bytes)), line);
      const text = line === 1 ? next.value.replace(/^\uFEFF/, '') : next.value;
      if (!text.trim()) continue;
      const cells = text.includes('"') ? quoted(text) : text.split(',');
      width ||= cells.length;
      if (cells.length !== width)
        throw new EvaluateInputError(file, `has ${cells.length} cells where the header has ${width}`, line);
      yield { line, cells: cells.map((cell) => cell.trim()) };
    }
  } finally {
    lines.close();
    source.destroy();
  }
  if (!width) throw new EvaluateInputError(file, 'is empty. Its first line names the columns.', 1);
}

function quoted(text: string): string[] {
  const cells: string[] = [];
  for (const match of text.matchAll(/(?:^|,)(?:\s*"((?:[^"]|"")*)"\s*|([^,]*))/g))
    cells.push(match[1] !== undefined ? match[1].replaceAll('""', '"') : (match[2] ?? ''));
  return cells;
}

/** Milliseconds since 1970 of an ISO time (without a zone: UTC) or a number (seconds below 10¹¹, else milliseconds). */
export function parseTime(text: string, file: string, line: number): number {
  const number = text === '' ? Number.NaN : Number(text);
  if (Number.isFinite(number)) return Math.abs(number) < 1e11 ? number * 1000 : number;
  const zoned = /(?:[zZ]|[+-]\d\d:?\d\d)$/.test(text)
    ? text
    : `${text.replace(' ', 'T')}${text.includes(':') ? 'Z' : ''}`;
  const at = Date.parse(zoned);
  if (!text || !Number.isFinite(at))
    throw new EvaluateInputError(file, `"${text.slice(0, 40)}" is not a time`, line, 'at');
  return at;
}

const MISSING = new Set(['', 'nan', 'null', 'na']);

/** NaN for a missing value. */
export function parseNumber(text: string, file: string, line: number, field: string): number {
  if (MISSING.has(text.toLowerCase())) return Number.NaN;
  const value = Number(text);
  if (!Number.isFinite(value))
    throw new EvaluateInputError(file, `"${text.slice(0, 40)}" is not a number`, line, field);
  return value;
}

/** Where each column stands. @throws EvaluateInputError when one is named twice or `at` is missing. */
export function columnsOf(header: readonly string[], file: string): Map<string, number> {
  const places = new Map<string, number>();
  header.forEach((name, i) => {
    if (places.has(name) || !name)
      throw new EvaluateInputError(file, name ? 'is named twice' : `column ${i + 1} has no name`, 1, name || undefined);
    places.set(name, i);
  });
  if (!places.has('at')) throw new EvaluateInputError(file, 'there is no such column', 1, 'at');
  return places;
}

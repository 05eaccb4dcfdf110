// Which file a message belongs to: a pure function of its stream, its sequence and the day the server stored it.
import { join } from 'node:path';
import { type Row, TABLES, type TableName } from './tables.js';

/** Sequences a file covers. A constant: with another size, files of before would hold the same rows under other names. */
export const BLOCK = 1_000;

/** A row on its way into a file. */
export interface Placed {
  readonly table: TableName;
  /** The stream it came from and when that stream was made, see {@link sourceOf}. */
  readonly source: string;
  /** What tells it from the other rows of its file, and orders them. */
  readonly row: Row;
}

/**
 * Names a stream for good: a stream that is deleted and made again counts from 1 once more, and must not be mistaken for the first.
 * @param created when the stream was made, RFC 3339
 */
export function sourceOf(stream: string, created: string): string {
  const born = created
    .replaceAll(/[-:]/g, '')
    .replace(/\.\d+/, (f) => f.padEnd(4, '0').slice(1, 4))
    .slice(0, 19);
  return `${stream.toLowerCase()}.${born.replace(/[^0-9TZ]/g, '')}`;
}

/** Path below the folder, with `/`: `routing/decisions/date=2026-11-22/part-log.20261122T233409123Z-000000001001-000000002000.parquet`. */
export function partOf({ table, source, row }: Placed): string {
  const day = new Date(Number(row.stored_at)).toISOString().slice(0, 10);
  const key = typeof row.sequence === 'number' ? blockName(row.sequence) : minuteName(Number(row.stored_at));
  return join(TABLES[table].path, `date=${day}`, `part-${source}-${key}.parquet`);
}

function blockName(sequence: number): string {
  const first = Math.floor((sequence - 1) / BLOCK) * BLOCK + 1;
  return `${pad(first)}-${pad(first + BLOCK - 1)}`;
}

/** Samples have no sequence: one file for ten minutes. */
function minuteName(at: number): string {
  return new Date(at - (at % 600_000)).toISOString().slice(0, 16).replaceAll(/[-:]/g, '');
}

const pad = (n: number) => String(n).padStart(12, '0');

const NAME = /^part-(.+)-(\d{12})-(\d{12})\.parquet$/;

/** What a file's name says; undefined for files that hold no block of a stream. */
export function readPartName(name: string): { source: string; first: number; last: number } | undefined {
  const match = NAME.exec(name);
  if (!match) return undefined;
  return { source: match[1] ?? '', first: Number(match[2]), last: Number(match[3]) };
}

/** Two rows with the same key are the same row. */
export function rowKey(row: Row): string | number {
  return typeof row.sequence === 'number' ? row.sequence : `${row.happened_at}|${row.name}`;
}

export function rowOrder(a: Row, b: Row): number {
  const [x, y] = [rowKey(a), rowKey(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}

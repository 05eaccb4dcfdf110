// A passage as it lies in LanceDB. The one thing to know: a column costs a read of its own for every row fetched (sixty rows of twenty columns took 23 ms,
// of four 11), so what a question's answer needs lies in one column, `row`, as JSON; beside it stand only what conditions, scans of whole tables,
// words and vectors need. Rows written before id and terms were put into it are read with two columns more.
import { Bool, Field, FixedSizeList, Float32, Float64, Int32, type RecordBatch, Schema, Utf8 } from 'apache-arrow';
import type { ChunkRow, Column } from './types.js';

const TEXTS = [
  'id',
  'repository',
  'path',
  'language',
  'kind',
  'terms',
  'trust',
  'meaning',
  'file_hash',
  'links',
  'row',
] as const;
const NUMBERS = ['start_line', 'passages'] as const;
const BESIDE: ReadonlySet<string> = new Set([...TEXTS, ...NUMBERS, 'changed_at', 'embedded', 'vector']);

const NO_VECTOR = new Float32Array(0);

export const schemaOf = (dimensions: number): Schema =>
  new Schema([
    ...TEXTS.map((name) => new Field(name, new Utf8(), false)),
    ...NUMBERS.map((name) => new Field(name, new Int32(), false)),
    new Field('changed_at', new Float64(), false),
    new Field('embedded', new Bool(), false),
    new Field('vector', new FixedSizeList(dimensions, new Field('item', new Float32(), true)), true),
  ]);

/** Whether a table of this schema is one of ours of today. */
export const isLayout = (schema: Schema): boolean => schema.fields.some(({ name }) => name === 'row');

/** A row of the table: `row` holds everything but the vector. */
export function packed(row: ChunkRow): Record<string, unknown> {
  const { vector, ...rest } = row;
  const beside = Object.fromEntries(Object.entries(rest).filter(([column]) => BESIDE.has(column)));
  return { ...beside, vector: Array.from(vector), row: JSON.stringify(rest) };
}

/** Columns of the table that these columns of a passage are read from. */
export function readFrom(columns: readonly Column[]): string[] {
  const own = columns.filter((column) => BESIDE.has(column));
  return own.length === columns.length ? own : [...new Set([...own, 'row'])];
}

/** Whole passages, without vectors unless they are asked for, are read from these. */
export const wholeFrom = (vectors: boolean): string[] => ['id', 'terms', 'row', ...(vectors ? ['vector'] : [])];
/** The same by their place; {@link BESIDE_OLDER}, too, where it is not {@link complete}. */
export const TAKEN_FROM: readonly string[] = ['_rowid', 'row'];
export const BESIDE_OLDER: readonly string[] = ['id', 'terms'];
export const complete = (row: ChunkRow): boolean => row.id !== undefined && row.terms !== undefined;

export function wholeOf(batch: RecordBatch): ChunkRow[] {
  const columns = reading(batch);
  return Array.from({ length: batch.numRows }, (_, i) => ({
    ...(JSON.parse(String(columns.row?.(i))) as ChunkRow),
    ...(columns.id ? { id: String(columns.id(i)) } : {}),
    ...(columns.terms ? { terms: String(columns.terms(i)) } : {}),
    vector: columns.vector ? (columns.vector(i) as Float32Array) : NO_VECTOR,
  }));
}

export function partsOf<C extends Column>(
  batch: RecordBatch,
  columns: readonly C[],
  from: number,
  to: number,
): Pick<ChunkRow, C>[] {
  const read = reading(batch);
  const hidden = columns.filter((column) => !BESIDE.has(column));
  return Array.from({ length: Math.min(to, batch.numRows) - from }, (_, at) => {
    const i = from + at;
    const whole = hidden.length > 0 ? (JSON.parse(String(read.row?.(i))) as Record<string, unknown>) : {};
    return Object.fromEntries(
      columns.map((column) => [column, BESIDE.has(column) ? read[column]?.(i) : whole[column]]),
    ) as Pick<ChunkRow, C>;
  });
}

/** A reader a column: by rows, Arrow looks each column up anew for every value. */
export function reading(batch: RecordBatch): Record<string, (i: number) => unknown> {
  return Object.fromEntries(
    batch.schema.fields.map(({ name }, at) => {
      const column = batch.getChildAt(at);
      if (name !== 'vector') return [name, (i: number) => column?.get(i)];
      return [name, (i: number) => Float32Array.from(column?.get(i) as Iterable<number>)];
    }),
  );
}

// Rows of one table to parquet bytes and back. The one thing to know: the same rows give the same bytes, and every file of a table has
// the same columns with the same types, whatever its rows hold.
import { parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { type Cell, type Column, type Row, TABLES, type TableName } from './tables.js';

/** Parquet bytes, snappy, one row group for a block of rows. */
export function toParquet(table: TableName, rows: readonly Row[]): Uint8Array {
  return new Uint8Array(
    parquetWriteBuffer({
      columnData: TABLES[table].columns.map((column) => ({
        name: column.name,
        type: column.type,
        nullable: true,
        data: rows.map((row) => toValue(column, row[column.name] ?? null)),
      })),
      createdBy: 'cortex',
    }),
  );
}

/** Rows of a parquet file; columns the table does not know are left out, missing ones are null. Throws what the parser throws. */
export async function fromParquet(table: TableName, bytes: Uint8Array): Promise<Row[]> {
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  const metadata = await parquetMetadataAsync({ byteLength: file.byteLength, slice: (a, b) => file.slice(a, b) });
  if (metadata.num_rows === 0n) return [];
  const objects = await parquetReadObjects({ file, metadata });
  return objects.map((object) =>
    Object.fromEntries(TABLES[table].columns.map(({ name }) => [name, fromValue(object[name])])),
  );
}

function toValue({ type }: Column, cell: Cell): unknown {
  if (cell === null) return null;
  if (type === 'TIMESTAMP') return new Date(Number(cell));
  if (type === 'INT64') return BigInt(Math.trunc(Number(cell)));
  return cell;
}

function fromValue(value: unknown): Cell {
  if (value === null || value === undefined) return null;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Date) return value.getTime();
  return value as Cell;
}

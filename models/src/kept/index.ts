// Kept training data: what the streams carried, as partitioned parquet, and back.
export { type Embedded, type EmbeddingFile, type EmbeddingFileOptions, openEmbeddings } from './embeddings.js';
export { BLOCK, type Placed, partOf, sourceOf } from './parts.js';
export {
  KeptFileUnreadable,
  type KeptRecord,
  keptFiles,
  type ReadKeptOptions,
  readKept,
  readTable,
} from './read.js';
export { declaredProvenance, type MessageKind, rowsOf, type StoredMessage, sampleRow } from './rows.js';
export { type Kept, KeptStore, type StoreOptions, writeWhole } from './store.js';
export { type Cell, type Column, type ColumnType, type Row, TABLE_NAMES, TABLES, type TableName } from './tables.js';
export { KeptWriteFailed, type KeptWriter, startKeptWriter } from './writer.js';

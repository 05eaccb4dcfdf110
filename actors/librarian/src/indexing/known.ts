// What of a repository the store holds already: the state of indexing is the index itself, so there is nothing to fall out of step.
import type { Collection } from '@cortex/schemas';
import type { Store } from '../store/types.js';

export interface KnownFile {
  hash: string;
  /** All of its passages are there, with vectors where there can be. */
  whole: boolean;
}

export async function knownFiles(
  store: Store,
  collection: Collection,
  repository: string,
  withVectors: boolean,
  paths?: readonly string[],
): Promise<Map<string, KnownFile>> {
  const seen = new Map<string, { hash: string; wanted: number; there: number; mixed: boolean; bare: boolean }>();
  for await (const rows of store.scan(collection, ['path', 'file_hash', 'passages', 'embedded'], {
    repository,
    ...(paths ? { paths } : {}),
  }))
    for (const row of rows) {
      const file = seen.get(row.path);
      if (!file)
        seen.set(row.path, { hash: row.file_hash, wanted: row.passages, there: 1, mixed: false, bare: !row.embedded });
      else {
        file.there++;
        file.mixed ||= file.hash !== row.file_hash;
        file.bare ||= !row.embedded;
      }
    }
  return new Map(
    [...seen].map(([path, file]) => [
      path,
      { hash: file.hash, whole: !file.mixed && file.there === file.wanted && !(withVectors && file.bare) },
    ]),
  );
}

// From one store to another, vectors and all: nothing is encoded again.
import { COLLECTIONS } from '@cortex/schemas';
import type { Column, Store } from './types.js';

const TOGETHER = 512;
const ALL: readonly Column[] = [
  'id',
  'repository',
  'path',
  'language',
  'kind',
  'symbol',
  'title',
  'text',
  'terms',
  'start_line',
  'end_line',
  'commit',
  'changed_at',
  'trust',
  'hash',
  'meaning',
  'file_hash',
  'passages',
  'tokens',
  'links',
  'embedded',
  'vector',
];

/** Rows that are there already are replaced, so a move that was cut short is simply done again. Passages moved. */
export async function moveStore(
  from: Store,
  to: Store,
  onProgress: (passages: number) => void = () => undefined,
): Promise<number> {
  let moved = 0;
  for (const collection of COLLECTIONS) {
    for await (const rows of from.scan(collection, ALL))
      for (let at = 0; at < rows.length; at += TOGETHER) {
        const part = rows.slice(at, at + TOGETHER);
        await to.put(collection, part);
        moved += part.length;
        onProgress(moved);
      }
    await to.settle(collection);
  }
  return moved;
}

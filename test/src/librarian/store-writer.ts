// Writes batch after batch into an embedded store in a process of its own, so that a test can kill it -9 in the middle of a write. Says before each
// batch that it begins, and after it that it is there.
import { openLance } from '@cortex/actor-librarian';
import type { Collection } from '@cortex/schemas';
import { batchOf, DIMENSIONS } from './rows.js';

const [folder = '', collection = '', first = '0'] = process.argv.slice(2);
const store = await openLance({ folder, dimensions: DIMENSIONS });
for (let batch = Number(first); ; batch++) {
  process.stdout.write(`begins ${batch}\n`);
  await store.put(collection as Collection, batchOf(batch));
  process.stdout.write(`wrote ${batch}\n`);
}

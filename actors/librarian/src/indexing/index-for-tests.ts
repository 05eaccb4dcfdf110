// Indexes a folder in a process of its own, so that a test can kill it: says after each write how many passages there are.
import { Library } from '../library/library.js';
import { openSource } from '../read/files.js';
import { indexFolder } from './index-folder.js';

const [folder = '', vectors = ''] = process.argv.slice(2);
const library = await Library.open({ folder: vectors });
await indexFolder(await openSource(folder, 'acme/app'), {
  store: library.store,
  encoder: undefined,
  onProgress: ({ passages }) => void process.stdout.write(`${passages}\n`),
});
await library.close();

// Real data sets: `$CORTEX_DATA`, else `../shared/data` beside the checkout. The repository holds none of them.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** The folder of a data set, or the reason why it is not there. `CORTEX_REQUIRE_ALL=1` turns the reason into an error. */
export function dataFolder(name: string): { path: string } | { missing: string } {
  const path = join(process.env.CORTEX_DATA ?? join(root, '..', 'shared', 'data'), name);
  if (existsSync(path)) return { path };
  const missing = `no data set ${name}: set CORTEX_DATA to the folder that holds it`;
  if (process.env.CORTEX_REQUIRE_ALL === '1') throw new Error(missing);
  return { missing };
}

/** Rows of a JSON-lines file, gzipped or not. */
export function readRows<T>(file: string): T[] {
  const bytes = readFileSync(file);
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as T);
}

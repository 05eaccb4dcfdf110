// `npm run bench:retrieval`: what the librarian finds and how fast, beside BM25 alone and the stores' bare calls.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadEncoder } from '@cortex/models';
import { provideEncoder } from '@cortex/ops';
import { askLaterCommits, figureOf, WAYS } from './later-commits.js';

const { values } = parseArgs({
  options: {
    repository: { type: 'string', default: fileURLToPath(new URL('../../../', import.meta.url)) },
    bases: { type: 'string', default: '160,120,80,40' },
    /** Folder for vectors, so that the next run need not make them again. */
    vectors: { type: 'string' },
    /** Folder to keep the indexes in, one a base. */
    keep: { type: 'string' },
    each: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const log = (line: string) => process.stderr.write(`${line}\n`);
const found = await provideEncoder({ log });
if (!found.found) {
  log(`no encoder: ${found.reason}`);
  process.exit(1);
}
const encoder = await loadEncoder(found.folder, {
  precision: 'int8',
  maxTokens: 192,
  ...(values.vectors ? { cacheFolder: values.vectors } : {}),
});
const asked = await askLaterCommits({
  repository: values.repository,
  encoder,
  bases: values.bases.split(',').map(Number),
  log,
  keep: values.keep,
});
await encoder.close();
if (values.each)
  for (const { message, places, touched } of asked)
    log(`${JSON.stringify(places)} ${message.split('\n')[0]} ${touched.join(' ')}`);
const figures = Object.fromEntries(WAYS.map((way) => [way, figureOf(asked, way)]));
if (values.json) process.stdout.write(`${JSON.stringify({ questions: asked.length, figures })}\n`);
else {
  process.stdout.write(
    `\n${asked.length} later commits, a touched file among the first five files:\n\n| way | first five | MRR |\n|---|---|---|\n`,
  );
  for (const way of WAYS)
    process.stdout.write(`| ${way} | ${figures[way]?.first_five.toFixed(3)} | ${figures[way]?.mrr.toFixed(3)} |\n`);
}
process.exit((figures.graph?.first_five ?? 0) > (figures.words?.first_five ?? 1) ? 0 : 1);

// `npm run bench:retrieval`: what the librarian finds and how fast, beside BM25 alone and the stores' bare calls.
import { fileURLToPath } from 'node:url';
import { loadEncoder } from '@cortex/models';
import { provideEncoder } from '@cortex/ops';
import { optionsOf } from '../harness/options.js';
import { askLaterCommits, figureOf, leadOf, WAYS } from './later-commits.js';

const values = optionsOf(
  'proof',
  {
    repository: { type: 'string', default: fileURLToPath(new URL('../../../', import.meta.url)) },
    /** Every so many commits from the first one on are indexed. */
    every: { type: 'string', default: '40' },
    /** So many commits back from the last one instead. */
    bases: { type: 'string' },
    /** Folder for vectors, so that the next run need not make them again. */
    vectors: { type: 'string' },
    /** Folder to keep the indexes in, one a base. */
    keep: { type: 'string' },
    each: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
  ['every', 'bases'],
);
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
  bases: values.bases ? { back: values.bases.split(',').map(Number) } : { every: Number(values.every) },
  log,
  keep: values.keep,
});
await encoder.close();
if (values.each)
  for (const { message, places, touched } of asked)
    log(`${JSON.stringify(places)} ${message.split('\n')[0]} ${touched.join(' ')}`);
const figures = Object.fromEntries(WAYS.map((way) => [way, { ...figureOf(asked, way), ...leadOf(asked, way) }]));
if (values.json) process.stdout.write(`${JSON.stringify({ questions: asked.length, figures })}\n`);
else {
  process.stdout.write(
    `\n${asked.length} later commits, a touched file among the first five files:\n\n| way | first five | MRR | won, lost against words alone | p |\n|---|---|---|---|---|\n`,
  );
  for (const way of WAYS) {
    const { first_five, mrr, won, lost, p } = figures[way] ?? { first_five: 0, mrr: 0, won: 0, lost: 0, p: 1 };
    process.stdout.write(
      `| ${way} | ${first_five.toFixed(3)} | ${mrr.toFixed(3)} | ${won}, ${lost} | ${p.toPrecision(2)} |\n`,
    );
  }
}
process.exit((figures.graph?.first_five ?? 0) > (figures.words?.first_five ?? 1) ? 0 : 1);

// `node models/dist/evaluate/routing/bench.js`: the routing figures on the public sets, as a table in markdown.
// The one thing to know: each line is one run of `runEvaluateRouting`, the code behind `cortex evaluate routing`; nothing is tuned per set.
//   --seeds 1,2   seeds of training and bootstrap (default 1)
//   --only NAME   runs whose name begins so
//   --short       half of the runs, with a fifth of each test file and 2,000 training rows: for a quick check, not for the record
//   --cache DIR   keep vectors there between runs (times with the encoder pass are then too good to be quoted)
//   --out FILE    also write the table and every document (FILE.json) there
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { encoderForTests } from '../../encoder/encoder-for-tests.js';
import { loadEncoder } from '../../encoder/index.js';
import { DESCRIPTIONS } from './bench-descriptions.js';
import { benchRow, benchTable, reachTable } from './bench-table.js';
import { type RoutingDocument, readLabelled, runEvaluateRouting } from './index.js';

interface Case {
  name: string;
  set: string;
  /** Rows kept of each label; 0: no rows at all, masters' descriptions only. Default: all. */
  perLabel?: number;
  described?: boolean;
  /** Part of the short form: between them they ask every voice and every baseline. */
  short?: true;
}

const CASES: Case[] = [
  { name: 'clinc-domains', set: 'clinc-domains', short: true },
  { name: 'clinc-intents', set: 'clinc-intents' },
  { name: 'it-tickets', set: 'it-tickets', short: true },
  { name: 'clinc-intents, 20 rows a label', set: 'clinc-intents', perLabel: 20 },
  {
    name: 'clinc-intents, 20 rows a label and descriptions',
    set: 'clinc-intents',
    perLabel: 20,
    described: true,
    short: true,
  },
  { name: 'clinc-intents, descriptions only', set: 'clinc-intents', perLabel: 0, described: true },
  { name: 'clinc-domains, descriptions only', set: 'clinc-domains', perLabel: 0, described: true },
  { name: 'it-tickets, descriptions only', set: 'it-tickets', perLabel: 0, described: true, short: true },
];

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '1' },
      short: { type: 'boolean', default: false },
      out: { type: 'string' },
      cache: { type: 'string' },
      only: { type: 'string' },
    },
  });
  const data = resolve(process.env.CORTEX_DATA ?? '../shared/data', 'routing');
  const folder = encoderForTests();
  if (!folder || !existsSync(data)) {
    throw new Error(`needs the encoder (CORTEX_ENCODER) and the data (CORTEX_DATA, looked in ${data})`);
  }
  const encoder = await loadEncoder(folder, { maxTokens: 128, cacheFolder: values.cache });
  const work = await mkdtemp(join(tmpdir(), 'cortex-bench-'));
  const documents: { name: string; seed: number; document: RoutingDocument }[] = [];
  try {
    for (const seed of values.seeds.split(',').map(Number)) {
      for (const one of CASES.filter(
        ({ name, short }) => (short || !values.short) && (!values.only || name.startsWith(values.only)),
      )) {
        const files = await prepare(one, data, work, values.short);
        const started = Date.now();
        const document = await runEvaluateRouting({ ...files, encoder, seed });
        documents.push({ name: one.name, seed, document });
        process.stderr.write(
          `${benchRow(one.name, seed, document)}   [${Math.round((Date.now() - started) / 1000)} s]\n`,
        );
      }
    }
  } finally {
    await encoder.close();
    await rm(work, { recursive: true, force: true });
  }
  // A part of a set says nothing of what the whole one reaches.
  const table = [benchTable(documents), ...(values.short ? [] : [reachTable(documents)])].join('\n\n');
  process.stdout.write(`${table}\n`);
  if (values.out) {
    await writeFile(values.out, `${table}\n`);
    await writeFile(`${values.out}.json`, JSON.stringify(documents, undefined, 1));
  }
  const below = documents.filter(
    ({ document: { accuracy, baseline_rule: rule } }) => rule && !(accuracy! > rule.accuracy),
  );
  for (const { name, seed } of below) process.stderr.write(`${name}, seed ${seed}: no better than the rules\n`);
  if (below.length > 0) process.exitCode = 1;
}

/** The files of one run: the set's own, or cut ones in the work folder. */
async function prepare(one: Case, data: string, work: string, short: boolean) {
  const test = join(data, one.set, 'test.jsonl.gz');
  const train = join(data, one.set, 'train.jsonl.gz');
  const files: { train?: string; test: string; masters?: string } = { test };
  const lines = (rows: readonly { text: string; label: string | null }[]) =>
    rows.map(({ text, label }) => JSON.stringify({ text, label })).join('\n');
  if (short) {
    files.test = join(work, 'test.jsonl');
    await writeFile(files.test, lines((await readLabelled(test)).rows.filter((_, i) => i % 5 === 0)));
  }
  if (one.perLabel !== 0) {
    const { rows } = await readLabelled(train);
    const seen = new Map<string | null, number>();
    const kept = rows.filter(({ label }) => {
      const count = (seen.get(label) ?? 0) + 1;
      seen.set(label, count);
      return one.perLabel === undefined || (label !== null && count <= one.perLabel);
    });
    files.train = join(work, 'train.jsonl');
    const step = short ? Math.max(1, Math.floor(kept.length / 2000)) : 1;
    await writeFile(files.train, lines(kept.filter((_, i) => i % step === 0)));
  }
  if (one.described) {
    files.masters = join(work, 'masters.json');
    await writeFile(files.masters, JSON.stringify(DESCRIPTIONS[one.set]));
  }
  return files;
}

await main();

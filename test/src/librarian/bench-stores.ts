// Second half of `npm run bench:retrieval`: the embedded store and Milvus side by side. `--passages N` (default 100,000; Milvus a tenth of it).

import { optionsOf } from '../harness/options.js';
import { milvusLite, startMilvusLite } from './milvus-server.js';
import { benchStore, type StoreFigures } from './store-bench.js';

const values = optionsOf(
  'bench-stores',
  {
    passages: { type: 'string', default: '100000' },
    milvus: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
  ['passages', 'milvus'],
);
const log = (line: string) => process.stderr.write(`${line}\n`);
const passages = Number(values.passages);
const rows: StoreFigures[] = [await benchStore('lancedb', passages, log)];
const fewer = Number(values.milvus ?? Math.ceil(passages / 10));
const program = fewer > 0 ? await milvusLite() : undefined;
if (program && !program.found) log(program.reason);
if (program?.found) {
  rows.push(await benchStore('lancedb', fewer, log));
  const server = await startMilvusLite(program);
  try {
    rows.push(await benchStore('milvus', fewer, log, server.address));
  } finally {
    await server.stop();
  }
}
if (values.json) process.stdout.write(`${JSON.stringify(rows)}\n`);
else {
  const ms = ({ p50, p95 }: { p50: number; p95: number }) => `${p50} / ${p95}`;
  process.stdout.write(
    '\n| store | passages | put/s | settle s | near, bare p50 / p95 ms | words, bare | context, whole | context, a task of 60 words | recall@10 |\n|---|---|---|---|---|---|---|---|---|\n',
  );
  for (const r of rows)
    process.stdout.write(
      `| ${r.store} | ${r.passages} | ${r.put_per_second} | ${r.settle_seconds} | ${ms(r.near_ms)} | ${ms(r.words_ms)} | ${ms(r.context_ms)} | ${ms(r.long_context_ms)} | ${r.recall_at_10.toFixed(3)} |\n`,
    );
}

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runEvaluateRetrieval } from './index.js';

const data = process.env.CORTEX_DATA ?? fileURLToPath(new URL('../../../../../shared/data', import.meta.url));
const present = existsSync(join(data, 'retrieval'));
const wanted = present || process.env.CORTEX_REQUIRE_ALL === '1';
if (!wanted) console.warn(`Retrieval on real data is skipped: no folder "retrieval" in ${data}; set CORTEX_DATA.`);

const files = (name: string) => ({
  corpus: join(data, 'retrieval', name, 'corpus.jsonl.gz'),
  queries: join(data, 'retrieval', name, 'queries.jsonl.gz'),
  qrels: join(data, 'retrieval', name, 'qrels.tsv.gz'),
});

// By words alone, so that it takes seconds; the figures with the encoder are in docs/results/retrieval.md.
describe.runIf(wanted)('on real questions', () => {
  it.each([
    ['nl2bash', 0.31],
    ['bug-duplicates', 0.49],
  ])(
    'finds in %s more by words alone than the plain BM25 of the data’s authors',
    { timeout: 120_000 },
    async (name, floor) => {
      const document = await runEvaluateRetrieval(files(name));
      expect(document['mrr@10']).toBeGreaterThan(floor);
      expect(document.bad_rows).toMatchObject({ corpus: { count: 0 }, queries: { count: 0 }, qrels: { count: 0 } });
    },
  );
});

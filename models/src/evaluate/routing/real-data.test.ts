// The same code on real requests, cut down so that it takes seconds: words alone, a fifth of the rows.
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RoutingDocument, readLabelled, runEvaluateRouting } from './index.js';

const data = resolve(process.env.CORTEX_DATA ?? '../shared/data', 'routing', 'clinc-domains');
const there = existsSync(join(data, 'train.jsonl.gz'));
if (!there) {
  const reason = `no data in ${data} (set CORTEX_DATA)`;
  if (process.env.CORTEX_REQUIRE_ALL === '1') throw new Error(`CORTEX_REQUIRE_ALL=1, but there is ${reason}`);
  console.warn(`skipped: ${reason}`);
}

describe.skipIf(!there)('on real requests, with a fifth of the rows and no encoder', () => {
  let folder: string;
  let document: RoutingDocument;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cortex-real-'));
    const cut = async (name: string) => {
      const { rows } = await readLabelled(join(data, `${name}.jsonl.gz`));
      const kept = rows.filter((_, i) => i % 5 === 0).map(({ text, label }) => JSON.stringify({ text, label }));
      const file = join(folder, `${name}.jsonl`);
      await writeFile(file, kept.join('\n'));
      return file;
    };
    document = await runEvaluateRouting({ train: await cut('train'), test: await cut('test') });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('beats TF-IDF with logistic regression, and the rules by far more than a tenth', () => {
    expect(document.accuracy).toBeGreaterThan(document.baseline_linear!.accuracy);
    expect(document.baseline_rule!.beaten_by.interval.low).toBeGreaterThan(0);
  });
  it('states odds that come true on requests it has never seen', () => {
    expect(document.ece).toBeLessThan(0.04);
    expect(document.coverage).toBeGreaterThan(0.86);
    expect(document.coverage).toBeLessThan(0.94);
  });
  it('tells requests that no master fits from the others by words alone', () => {
    expect(document.oos_auroc).toBeGreaterThan(0.88);
  });
});

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runEvaluateOutcomes } from './index.js';

const data = process.env.CORTEX_DATA ?? fileURLToPath(new URL('../../../../../shared/data', import.meta.url));
const present = existsSync(join(data, 'outcomes'));
const wanted = present || process.env.CORTEX_REQUIRE_ALL === '1';
if (!wanted) console.warn(`Outcomes on real data are skipped: no folder "outcomes" in ${data}; set CORTEX_DATA.`);

const files = (name: string) => ({
  train: join(data, 'outcomes', name, 'train.jsonl.gz'),
  test: join(data, 'outcomes', name, 'test.jsonl.gz'),
});

// Without the encoder, so that it takes seconds; with it the figures are a little better (docs/results/outcomes.md).
describe.runIf(wanted)('on real outcomes', () => {
  it('tells a model’s success at a task better than the model’s own rate, beyond doubt', {
    timeout: 120_000,
  }, async () => {
    const { difference_to_master, ece } = await runEvaluateOutcomes(files('gsm8k'));
    expect(difference_to_master!.auroc.low).toBeGreaterThan(0);
    expect(difference_to_master!.brier.high).toBeLessThan(0);
    expect(ece!).toBeLessThan(0.06);
  });

  it('is never worse than the training median on effort that people gave', { timeout: 120_000 }, async () => {
    for (const name of ['story-points-talendesb', 'story-points-usergrid']) {
      const { complexity } = await runEvaluateOutcomes(files(name));
      expect(complexity!.mae).toBeLessThanOrEqual(complexity!.baseline_median);
      expect(complexity!.p90_coverage).toBeGreaterThan(0.8);
    }
  });
});

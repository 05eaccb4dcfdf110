// Counts what vitest's own JSON report says.
import { existsSync, readFileSync } from 'node:fs';

/** A file that could not even be loaded counts as one failure: it has no tests to count. */
export function countTests(file) {
  if (!existsSync(file)) return undefined;
  const report = JSON.parse(readFileSync(file, 'utf8'));
  const count = { passed: 0, failed: 0, skipped: 0, skips: [] };
  for (const suite of report.testResults) {
    const tests = suite.assertionResults;
    if (suite.status === 'failed' && !tests.some((test) => test.status === 'failed')) count.failed += 1;
    for (const test of tests) {
      if (test.status === 'passed') count.passed += 1;
      else if (test.status === 'failed') count.failed += 1;
      else {
        count.skipped += 1;
        count.skips.push({ name: test.fullName, reason: test.meta?.note });
      }
    }
  }
  return count;
}

// Counts what vitest's own JSON report says.
import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';

/** Undefined when there is no report. A file that could not even be loaded counts as one failure. */
export function countTests(file) {
  if (!existsSync(file)) return undefined;
  const report = JSON.parse(readFileSync(file, 'utf8'));
  const count = { passed: 0, failed: 0, skipped: 0, failures: [], skips: [] };
  for (const suite of report.testResults) {
    const where = relative(process.cwd(), suite.name);
    const tests = suite.assertionResults;
    for (const test of tests) {
      if (test.status === 'passed') count.passed += 1;
      else if (test.status === 'failed') count.failures.push(`${where}: ${test.fullName}`);
      else count.skips.push({ name: `${where}: ${test.fullName}`, reason: test.meta?.note });
    }
    if (suite.status === 'failed' && !tests.some((test) => test.status === 'failed'))
      count.failures.push(`${where}: could not be run`);
  }
  count.failed = count.failures.length;
  count.skipped = count.skips.length;
  return count;
}

// Counts what vitest's own JSON report says, and the errors kept beside it.
import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';

/** Where the errors that belong to no test are kept, beside the report. */
export const unhandledOf = (report) => report.replace(/(\.json)?$/, '.unhandled.json');

const firstLine = (text) => String(text ?? '').split('\n', 1)[0];

/** Undefined when there is no report. A file that could not even be loaded, and an error of no test, count as one failure each. */
export function countTests(file) {
  if (!existsSync(file)) return undefined;
  const report = JSON.parse(readFileSync(file, 'utf8'));
  const count = { passed: 0, failed: 0, skipped: 0, failures: [], skips: [] };
  for (const suite of report.testResults) {
    const where = relative(process.cwd(), suite.name);
    const tests = suite.assertionResults;
    for (const test of tests) {
      if (test.status === 'passed') count.passed += 1;
      else if (test.status === 'failed')
        count.failures.push(`${where}: ${test.fullName}: ${firstLine(test.failureMessages?.[0])}`);
      else count.skips.push({ name: `${where}: ${test.fullName}`, reason: test.meta?.note });
    }
    if (suite.status === 'failed' && !tests.some((test) => test.status === 'failed'))
      count.failures.push(`${where}: could not be run: ${firstLine(suite.message)}`);
  }
  const unhandled = existsSync(unhandledOf(file)) ? JSON.parse(readFileSync(unhandledOf(file), 'utf8')) : [];
  for (const { name, message, stack, file: where, test } of unhandled) {
    const at = String(stack ?? '')
      .split('\n')
      .find((line) => line.trim().startsWith('at '));
    const during = where ? ` in ${relative(process.cwd(), where)}${test ? `, ${test}` : ''}` : '';
    count.failures.push(`an error of no test${during}: ${name}: ${firstLine(message)}${at ? ` (${at.trim()})` : ''}`);
  }
  count.failed = count.failures.length;
  count.skipped = count.skips.length;
  return count;
}

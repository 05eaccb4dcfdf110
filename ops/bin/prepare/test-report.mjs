// Counts what vitest's own JSON report says, and the errors kept beside it.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';

/** Where the errors that belong to no test are kept, beside the report. */
export const unhandledOf = (report) => report.replace(/(\.json)?$/, '.unhandled.json');

const read = (file, otherwise) => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : otherwise);
const firstLine = (text) => String(text ?? '').split('\n', 1)[0];
const shown = (file) => relative(process.cwd(), file);

/** Undefined when there is no report. A file that could not even be loaded, and an error of no test, count as one failure each. */
export function countTests(file) {
  const report = read(file);
  if (!report) return undefined;
  const count = { passed: 0, failed: 0, skipped: 0, failures: [], skips: [], flaky: report.flaky ?? [] };
  for (const suite of report.testResults) {
    const where = shown(suite.name);
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
  for (const error of read(unhandledOf(file), [])) count.failures.push(saidOf(error));
  count.failed = count.failures.length;
  count.skipped = count.skips.length;
  return count;
}

function saidOf({ name, message, stack, file, test }) {
  const at = String(stack ?? '')
    .split('\n')
    .find((line) => line.trim().startsWith('at '));
  const during = file ? ` in ${shown(file)}${test ? `, ${test}` : ''}` : '';
  return `an error of no test${during}: ${name}: ${firstLine(message)}${at ? ` (${at.trim()})` : ''}`;
}

/** The files with something red; undefined where an error belongs to no file, so that running files again would prove nothing. */
export function redFiles(file) {
  const unhandled = read(unhandledOf(file), []);
  if (unhandled.some((error) => !error.file)) return undefined;
  const red = read(file, { testResults: [] }).testResults.filter(({ status }) => status === 'failed');
  return [...new Set([...red.map(({ name }) => name), ...unhandled.map((error) => error.file)])];
}

/**
 * Files that were run again count as they ended then; what had been red before and is green now is kept as flaky, in the report.
 * @param again report of the second run, of `files` alone
 */
export function settleReport(file, again, files) {
  const [first, second] = [read(file), read(again)];
  if (!first || !second) return;
  const before = countTests(file).failures;
  const settled = new Map(second.testResults.map((suite) => [suite.name, suite]));
  first.testResults = first.testResults.map((suite) => settled.get(suite.name) ?? suite);
  const of = (name) => (failure) => failure.includes(shown(name));
  writeFileSync(unhandledOf(file), JSON.stringify(read(unhandledOf(again), [])));
  writeFileSync(file, JSON.stringify(first));
  const red = new Set(redFiles(file) ?? files);
  first.flaky = files.filter((name) => !red.has(name)).flatMap((name) => before.filter(of(name)));
  writeFileSync(file, JSON.stringify(first));
}

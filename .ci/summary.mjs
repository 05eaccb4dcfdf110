// The last line of CI, counted from vitest's own report and from the gates': a red gate is a failure, a skipped test
// or gate is one too (CORTEX_REQUIRE_ALL=1), and no test at all is one as well.
import { existsSync, readFileSync } from 'node:fs';
import { countTests } from '../ops/bin/prepare/test-report.mjs';

const [prepared, tested] = process.argv.slice(2, 4).map(Number);
const failures = process.argv.slice(4).map((step) => `npm run ${step} is red: its own words stand above`);
if (prepared !== 0) failures.push('install and build');

const verify = process.env.CORTEX_VERIFY_REPORT;
const gates = existsSync(verify) ? JSON.parse(readFileSync(verify, 'utf8')) : [];
if (gates.length === 0) failures.push('verify left no report');
for (const { gate, state } of gates) if (state !== 'green') failures.push(`gate ${state}: ${gate}`);

const tests = countTests(process.env.CORTEX_TEST_REPORT) ?? {
  passed: 0,
  failed: 0,
  skipped: 0,
  failures: [],
  skips: [],
  flaky: [],
};
if (tests.passed === 0) failures.push('no test ran');
for (const { name, reason } of tests.skips) failures.push(`skipped: ${name}${reason ? ` (${reason})` : ''}`);
if (tested !== 0 && tests.failed === 0 && failures.length === 0)
  failures.push(`npm test ended with exit code ${tested}`);

for (const line of tests.flaky) console.log(`~ flaky, green when run alone: ${line}`);
for (const line of [...tests.failures, ...failures]) console.log(`✗ ${line}`);
const passed = tests.passed + gates.filter(({ state }) => state === 'green').length;
const failed = tests.failed + failures.length;
console.log(`${passed} passed, ${failed} failed, 0 skipped`);
process.exit(failed > 0 ? 1 : 0);

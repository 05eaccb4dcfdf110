// `npm test`: prepares, runs every test (or `npm test -- PATH`), ends with one line that counts them.
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { prepare, root, say } from './prepare/prepare.mjs';
import { countTests, unhandledOf } from './prepare/test-report.mjs';

await prepare();
const report = process.env.CORTEX_TEST_REPORT ?? join(root, 'tmp', 'test-report.json');
mkdirSync(dirname(report), { recursive: true });
for (const old of [report, unhandledOf(report)]) rmSync(old, { force: true });

const began = Date.now();
const child = spawn(
  process.execPath,
  [
    join(root, 'node_modules', 'vitest', 'vitest.mjs'),
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    `--reporter=${join(root, 'ops', 'bin', 'prepare', 'unhandled-reporter.mjs')}`,
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: 'inherit', env: { ...process.env, CORTEX_TEST_REPORT: report } },
);
// Ctrl-C reaches the whole group; a plain kill reaches only this process, and must not leave the tests running.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
const [code, signal] = await new Promise((resolve) => child.on('close', (...end) => resolve(end)));
if (signal) {
  say(`tests stopped by ${signal}`);
  process.exit(1);
}
const count = countTests(report);
const seconds = Math.round((Date.now() - began) / 1000);
if (!count) say('vitest left no report: its reason stands above');
else {
  for (const { name, reason } of count.skips) say(`skipped: ${name}${reason ? ` (${reason})` : ''}`);
  for (const failure of count.failures) say(`failed: ${failure}`);
  process.stdout.write(
    `Tests: ${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped in ${seconds} s\n`,
  );
}
const required = process.env.CORTEX_REQUIRE_ALL === '1' && count && count.skipped > 0;
if (required) say('skipped tests are failures: CORTEX_REQUIRE_ALL=1');
process.exit(code || (!required && count && count.passed > 0 && count.failed === 0 ? 0 : 1));

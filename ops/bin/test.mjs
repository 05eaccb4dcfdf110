// `npm test`: prepares, runs every test (or `npm test -- PATH`), ends with one line that counts them.
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { prepare, root, say } from './prepare/prepare.mjs';
import { countTests, redFiles, settleReport, unhandledOf } from './prepare/test-report.mjs';

/** Red files, at most, that are run once more, alone: more are no accident of a busy machine. */
const MOST_AGAIN = 5;

await prepare();
const report = process.env.CORTEX_TEST_REPORT ?? join(root, 'tmp', 'test-report.json');
mkdirSync(dirname(report), { recursive: true });

/** vitest's exit code. */
async function run(into, args) {
  for (const old of [into, unhandledOf(into)]) rmSync(old, { force: true });
  const child = spawn(
    process.execPath,
    [
      ...[join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', '--reporter=default', '--reporter=json'],
      `--outputFile.json=${into}`,
      `--reporter=${join(root, 'ops', 'bin', 'prepare', 'unhandled-reporter.mjs')}`,
      ...args,
    ],
    { cwd: root, stdio: 'inherit', env: { ...process.env, CORTEX_TEST_REPORT: into } },
  );
  // Ctrl-C reaches the whole group; a plain kill reaches only this process, and must not leave the tests running.
  const pass = (signal) => child.kill(signal);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, pass);
  const [code, signal] = await new Promise((resolve) => child.on('close', (...end) => resolve(end)));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(signal, pass);
  if (!signal) return code;
  say(`tests stopped by ${signal}`);
  process.exit(1);
}

const began = Date.now();
let code = await run(report, process.argv.slice(2));
const red = code === 0 ? [] : (redFiles(report) ?? []);
if (red.length > 0 && red.length <= MOST_AGAIN) {
  for (const failure of countTests(report).failures) say(`red: ${failure}`);
  say(`${red.length === 1 ? 'one file is' : `${red.length} files are`} run once more, alone`);
  const again = report.replace(/(\.json)?$/, '.again.json');
  code = await run(again, ['--maxWorkers=1', ...red]);
  settleReport(report, again, red);
}
const count = countTests(report);
const seconds = Math.round((Date.now() - began) / 1000);
if (!count) say('vitest left no report: its reason stands above');
else {
  for (const { name, reason } of count.skips) say(`skipped: ${name}${reason ? ` (${reason})` : ''}`);
  for (const failure of count.flaky) say(`flaky, green when run alone: ${failure}`);
  for (const failure of count.failures) say(`failed: ${failure}`);
  process.stdout.write(
    `Tests: ${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped in ${seconds} s\n`,
  );
}
const required = process.env.CORTEX_REQUIRE_ALL === '1' && count && count.skipped > 0;
if (required) say('skipped tests are failures: CORTEX_REQUIRE_ALL=1');
process.exit(code || (!required && count && count.passed > 0 && count.failed === 0 ? 0 : 1));

// The real vitest, on a folder with one test of each kind.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { countTests } from './test-report.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const vitest = join(here, '..', '..', '..', 'node_modules', 'vitest', 'vitest.mjs');
let root;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'cortex-report-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function count(text) {
  writeFileSync(join(root, 'a.test.mjs'), text);
  const report = join(root, 'report.json');
  const { status } = spawnSync(
    process.execPath,
    [
      ...[vitest, 'run', '--globals', '--root', root, '--reporter=json', `--outputFile.json=${report}`],
      `--reporter=${join(here, 'unhandled-reporter.mjs')}`,
    ],
    { env: { ...process.env, CORTEX_TEST_REPORT: report }, encoding: 'utf8' },
  );
  return { status, ...countTests(report) };
}

it('names what failed, with its first line, and what belongs to no test', { timeout: 120_000 }, () => {
  expect(count("it('holds', () => {});")).toMatchObject({ status: 0, passed: 1, failed: 0 });

  const failed = count("it('holds', () => {}); it('breaks', () => { throw new Error('no more disk') });");
  expect(failed).toMatchObject({ status: 1, passed: 1, failed: 1 });
  expect(failed.failures[0]).toMatch(/a\.test\.mjs: breaks: Error: no more disk$/);

  const stray = count(
    "it('forgets', async () => { void Promise.reject(new TypeError('left alone')); await new Promise((r) => setTimeout(r, 20)) });",
  );
  expect(stray).toMatchObject({ status: 1, passed: 1, failed: 1 });
  expect(stray.failures[0]).toMatch(
    /an error of no test in .*a\.test\.mjs.*: TypeError: left alone \(at .*a\.test\.mjs/,
  );

  const broken = count("throw new Error('not a test file');");
  expect(broken).toMatchObject({ status: 1, passed: 0, failed: 1 });
  expect(broken.failures[0]).toMatch(/could not be run: .*not a test file/);
});

// The real vitest, on a folder with one test of each kind.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { countTests, redFiles, settleReport, unhandledOf } from './test-report.mjs';

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

  // Run once more, and green: counted as green, and told. Red again: stays red.
  const [first, again] = [join(root, 'first.json'), join(root, 'again.json')];
  const keep = (as) => {
    copyFileSync(join(root, 'report.json'), as);
    copyFileSync(unhandledOf(join(root, 'report.json')), unhandledOf(as));
  };
  count("it('holds', () => {}); it('wavers', () => { throw new Error('too slow') });");
  keep(first);
  const files = redFiles(first);
  expect(files).toEqual([expect.stringMatching(/a\.test\.mjs$/)]);
  count("it('holds', () => {}); it('wavers', () => { throw new Error('too slow') });");
  keep(again);
  settleReport(first, again, files);
  expect(countTests(first)).toMatchObject({ passed: 1, failed: 1, flaky: [] });
  count("it('holds', () => {}); it('wavers', () => {});");
  keep(again);
  settleReport(first, again, files);
  expect(countTests(first)).toMatchObject({
    ...{ passed: 2, failed: 0 },
    flaky: [expect.stringMatching(/wavers: Error: too slow$/)],
  });
});

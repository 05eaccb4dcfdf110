// Errors that belong to no test (a rejection nobody handled, a worker that died) make vitest end with 1 and are left
// out of its JSON report: kept beside it, so that the last lines of a run can name them.
import { writeFileSync } from 'node:fs';
import { unhandledOf } from './test-report.mjs';

/** A vitest reporter; the path of the JSON report comes in CORTEX_TEST_REPORT. */
export default class UnhandledReporter {
  onTestRunEnd(_modules, errors) {
    const kept = errors.map(({ name, message, stack, VITEST_TEST_PATH: file, VITEST_TEST_NAME: test }) => {
      return { name, message, stack, file, test };
    });
    writeFileSync(unhandledOf(process.env.CORTEX_TEST_REPORT), JSON.stringify(kept));
  }
}

// The learned router in the running system: trained by the command line from a file, swapped in live, and as good through NATS as evaluated.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Bus, publish, taskLog } from '@cortex/bus';
import { until } from '@cortex/bus/testing';
import { type Encoder, loadServedRouter } from '@cortex/models';
import { EVENT_TYPES } from '@cortex/schemas';

const CORTEX = fileURLToPath(new URL('../../../ops/dist/cli/main.js', import.meta.url));
const run = promisify(execFile);

interface Ticket {
  text: string;
  label: string;
}

/** `cortex train router --from FILE`, then waits until the running router answers with what was trained. */
export async function trainAndSwap(bus: Bus, trainFile: string, env: Record<string, string>): Promise<void> {
  await run(process.execPath, [CORTEX, 'train', 'router', '--from', trainFile], {
    env: { ...process.env, ...env },
    maxBuffer: 16 * 1024 * 1024,
  });
  const log = taskLog(bus);
  let probe = 0;
  await until(
    'the trained router to serve',
    async () => {
      const id = `probe ${probe++}`;
      await publish(
        bus,
        bus.subjects.submit,
        { id, text: `the printer on floor ${probe} does not print` },
        { type: EVENT_TYPES.taskSubmit, id },
      );
      const decided = await until(`${id} to be decided`, () => log.last(id), 30_000);
      return decided.record.decision?.models.router?.startsWith('router@');
    },
    120_000,
  );
}

/** Accuracy of the saved router on the test rows, best master forced, asked in this process. */
export async function evaluatedAccuracy(
  modelFolder: string,
  encoder: Encoder | undefined,
  test: readonly Ticket[],
): Promise<number> {
  const model = await loadServedRouter(join(modelFolder, 'routing', 'current'));
  const vectors = encoder ? await encoder.encode(test.map((t) => t.text)) : [];
  const results = await model.route(
    test.map(({ text }, i) => ({ text, ...(vectors[i] ? { embedding: vectors[i] } : {}) })),
    { explain: false },
  );
  return results.filter((result, i) => result.master === test[i]?.label).length / test.length;
}

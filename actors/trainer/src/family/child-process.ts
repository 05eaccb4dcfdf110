// The child's side of `runChild`: one task in, progress and one result out, then it ends.
import { readFile } from 'node:fs/promises';
import { setPriority } from 'node:os';
import { type Encoder, INDEX_ENCODER, type LoggedDecision, loadEncoder, type TrainingRow } from '@cortex/models';
import type { Master } from '@cortex/schemas';
import { readLines, siftRows } from '../rows/sift.js';
import type { ChildTask, ChildTrial, FromChild, ToChild } from './child-messages.js';
import { KINDS } from './kinds.js';
import { runTrial } from './trial.js';

const NICENESS = 10;
const PROGRESS_MS = 200;

const say = (message: FromChild): void => void process.send?.(message);
let saidAt = 0;
function onProgress(stage: string, share: number): void {
  if (share < 1 && Date.now() - saidAt < PROGRESS_MS) return;
  saidAt = Date.now();
  say({ kind: 'progress', stage, share });
}
const onPoint = (tag: string, value: number, step: number) => say({ kind: 'point', tag, value, step });

process.once('disconnect', () => process.exit(1));
process.once('message', async (task: ToChild) => {
  const last = await run(task).catch(
    (error: Error): FromChild => ({
      kind: 'failed',
      name: error.name,
      message: error.message,
    }),
  );
  process.removeAllListeners('disconnect');
  process.send?.(last, () => process.exit(0));
});

async function run(task: ToChild): Promise<FromChild> {
  setPriority(NICENESS);
  if (task.kind === 'sift') return { kind: 'sifted', ...(await siftRows(task)) };
  const encoder = await open(task);
  try {
    const rows = await readLines(task.rows);
    const masters = JSON.parse(await readFile(task.masters, 'utf8')) as Master[];
    if (task.kind === 'trial') {
      await runTrial(masters, rows as TrainingRow[], { ...task, encoder, onProgress, onPoint });
      return { kind: 'tried' };
    }
    const { folder, seed, neural, training } = task;
    const options = { folder, seed, neural, training, encoder, onProgress, onPoint };
    const logged = (await readLines(task.logged)) as LoggedDecision[];
    const facts = await KINDS[task.family].train(rows as object[], masters, {
      ...options,
      logged,
      drifted: task.drifted,
    });
    return { kind: 'trained', facts };
  } finally {
    await encoder?.close();
  }
}

/** An adapter is made for the encoder of the librarian; all others think with that of the router. */
async function open(task: ChildTask | ChildTrial): Promise<Encoder | undefined> {
  const { encoder, vectors } = task;
  const settings = task.kind === 'train' && task.family === 'encoder' ? INDEX_ENCODER : {};
  if (encoder === '') return undefined;
  return loadEncoder(encoder, vectors === undefined ? settings : { ...settings, cacheFolder: vectors });
}

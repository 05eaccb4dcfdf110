// Throws away what nobody needs any more: job messages that were dealt with, documents and folders of jobs that ended long ago.
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bus } from '@cortex/bus';
import { type Board, FINISHED } from './board.js';

const CONSUMERS = ['trainer', 'trials'];

/** Purges the stream of jobs behind what both consumers have dealt with: a full stream would refuse new jobs. */
export async function purgeJobs(bus: Bus): Promise<void> {
  const stream = bus.subjects.stream('JOBS');
  const { state } = await bus.jsm.streams.info(stream);
  const floors = await Promise.all(
    CONSUMERS.map(async (name) => {
      const { ack_floor, num_pending, num_ack_pending } = await bus.jsm.consumers.info(stream, name);
      // Without anything open a consumer is behind nothing, whatever was not for it.
      return num_pending + num_ack_pending === 0 ? state.last_seq : ack_floor.stream_seq;
    }),
  );
  const floor = Math.min(...floors);
  if (floor >= state.first_seq && state.messages > 0) await bus.jsm.streams.purge(stream, { seq: floor + 1 });
}

/** Forgets jobs that ended before `before`, with their trials. Their ids may be used again. */
export async function forgetJobs(board: Board, before: Date): Promise<void> {
  const { documents } = board;
  for (const state of await board.list()) {
    const { id } = state.job;
    if (!FINISHED.has(state.state) || Date.parse(state.at) >= before.getTime()) continue;
    const keys = [...(await documents.keys(`trial.${id}.*`)), `cancel.${id}`, `job.${id}`];
    for (const key of keys) await documents.kv.purge(key);
  }
}

/** Removes folders of jobs, with their curves, that were last written to before `before`. */
export async function removeOldRuns(runs: string, before: Date): Promise<void> {
  for (const name of await readdir(runs).catch(() => [])) {
    const folder = join(runs, name);
    const at = await stat(folder).catch(() => undefined);
    if (at?.isDirectory() && at.mtimeMs < before.getTime()) await rm(folder, { recursive: true, force: true });
  }
}

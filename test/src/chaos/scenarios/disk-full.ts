// 14. The disk under the nats-server that `cortex up` runs is full: filled by somebody else's file, which goes away again.
import { execFile } from 'node:child_process';
import { rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { coordinatorActor } from '@cortex/actor-coordinator';
import { connectBus, publish } from '@cortex/bus';
import { freePort } from '@cortex/bus/testing';
import { startOwnServer, watchFullDisk } from '@cortex/ops';
import { EVENT_TYPES } from '@cortex/schemas';
import { newDisk, unmount } from '../disk.js';
import { countsOf, nothingLostOrTwice } from '../ledger.js';
import { holds, type Scenario, seconds, sleep } from '../scenario.js';
import { MASTERS, openStage, plainTask } from '../stage.js';

const command = promisify(execFile);
/** Left for the server: enough for a few hundred messages. */
const LEFT_BYTES = 4 * 1_048_576;

export const diskFull: Scenario = {
  number: 14,
  name: 'disk full',
  fault: 'the disk under nats-server (its own, 24 GiB) is full for a while',
  pass: 'publishers are refused by name; after space returns nothing acknowledged is lost and nobody has to lend a hand',
  quick: '100 tasks instead of 2,000, full for 5 s instead of 30',
  async run(run) {
    const tasks = run.quick ? 100 : 2_000;
    const disk = await newDisk(run.folder, 'disk', '24G');
    const server = await startOwnServer({
      binary: process.env.CORTEX_NATS_SERVER ?? 'nats-server',
      port: await freePort(),
      home: disk.folder,
      log: run.say,
    });
    try {
      const stage = await openStage(run, { url: server.url });
      const outsider = await connectBus({ servers: server.url, name: 'outsider', waitMs: 10_000 });
      const watch = watchFullDisk({ bus: stage.bus, server, folder: disk.folder, say: run.say });
      try {
        await stage.inside(coordinatorActor());
        for (const master of MASTERS) await stage.insideWorker(master);
        await stage.ready(['coordinator', ...MASTERS.map(() => 'worker')]);
        let next = 0;
        await stage.load(tasks / 2, 100, () => plainTask(next++));
        const ballast = join(disk.folder, 'ballast');
        const { bavail, bsize } = await statfs(disk.folder);
        await command('fallocate', ['-l', String(bavail * bsize - LEFT_BYTES), ballast]);
        let refused = '';
        for (let i = 0; i < 1_000 && refused === ''; i++) {
          const task = { id: `filler ${i}`, text: `${MASTERS[i % MASTERS.length]} ${'x'.repeat(30_000)}` };
          const options = { type: EVENT_TYPES.taskSubmit, id: task.id, retryMs: 1_000 };
          await publish(outsider, outsider.subjects.submit, task, options).then(
            () => stage.ledger.acked.set(task.id, Date.now()),
            (error: Error) => {
              refused = `${error.name}: ${error.message}`;
            },
          );
        }
        // Those who insist get through once there is room.
        const loading = stage.load(tasks / 2, tasks, () => plainTask(next++));
        await sleep(run.quick ? 5_000 : 30_000);
        await rm(ballast);
        const freed = Date.now();
        await loading;
        await stage.drained(120_000);
        const recoveredMs = Date.now() - freed;
        const tally = await stage.ledger.tally(stage.bus);
        return {
          counts: countsOf(tally),
          recoveredMs,
          checks: [
            holds('refused by name', refused !== '', refused.slice(0, 120)),
            ...nothingLostOrTwice(tally),
            seconds('drained after space returned', recoveredMs, 60_000),
          ],
        };
      } finally {
        watch.stop();
        await outsider.close();
        await stage.close();
      }
    } finally {
      await server.stop();
      await unmount(disk);
    }
  },
};

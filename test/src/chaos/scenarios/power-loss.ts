// 15. The power fails: what nats-server had not synced is gone. Its store lies on a disk image of its own; a copy of the image made while the
// server is held still contains what reached the disk, and nothing that only the page cache held.
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { coordinatorActor } from '@cortex/actor-coordinator';
import { connectBus, provision } from '@cortex/bus';
import { freePort, startTestServer, type TestServer, until } from '@cortex/bus/testing';
import { type Disk, mount, newDisk, unmount } from '../disk.js';
import { countsOf, nothingLostOrTwice } from '../ledger.js';
import { holds, type Run, type Scenario, seconds, sleep } from '../scenario.js';
import { MASTERS, openStage, plainTask } from '../stage.js';

export const powerLoss: Scenario = {
  number: 15,
  name: 'power loss',
  fault: 'power loss under load with `sync_interval: always`: unsynced writes dropped (disk image as of that moment)',
  pass: '0 acknowledged lost, 0 applied twice; without the setting acknowledged messages are lost, which shows that the fault is real',
  quick: '1 power loss instead of 10, 100 tasks each',
  async run(run) {
    const losses = run.quick ? 1 : 10;
    const each = run.quick ? 100 : 300;
    const control = await lostWithoutSync(run);
    const port = await freePort();
    let disk = await newDisk(run.folder, 'disk-0');
    let server = await serve(disk, port, 'always');
    try {
      const stage = await openStage(run, { url: server.url });
      try {
        await stage.inside(coordinatorActor());
        for (const master of MASTERS) await stage.insideWorker(master);
        await stage.ready(['coordinator', ...MASTERS.map(() => 'worker')]);
        let slowest = 0;
        for (let i = 0; i < losses; i++) {
          let next = i * each;
          const loading = stage.load(each, 100, () => plainTask(next++));
          await sleep(300 + 600 * run.random());
          const before = disk;
          disk = await cutPower(run.folder, before, server, `disk-${i + 1}`);
          server = await serve(disk, port, 'always');
          const back = Date.now();
          await loading;
          await stage.drained(90_000);
          slowest = Math.max(slowest, Date.now() - back);
        }
        const tally = await stage.ledger.tally(stage.bus);
        return {
          counts: {
            ...countsOf(tally),
            power_losses: losses,
            lost_without_the_setting: `${control.lost} of ${control.acked}`,
          },
          recoveredMs: slowest,
          checks: [
            ...nothingLostOrTwice(tally),
            holds(
              'the same fault loses messages without the setting',
              control.lost > 0,
              `${control.lost} of ${control.acked}`,
            ),
            seconds('drained after the power came back', slowest, 45_000),
          ],
        };
      } finally {
        await stage.close();
      }
    } finally {
      await server.stop();
      await unmount(disk);
    }
  },
};

async function serve(disk: Disk, port: number, sync: 'always' | '2m'): Promise<TestServer> {
  const conf = `${disk.folder}.conf`;
  const store = join(disk.folder, 'nats');
  // More than the small disk has: streams reserve their largest size, and use little of it here.
  await writeFile(conf, `jetstream { sync_interval: ${sync}, max_file_store: 100GB }\n`);
  return startTestServer(['-c', conf], { port, dir: store });
}

/** Holds the server still, copies the disk as it is, ends the server, and mounts the copy. */
async function cutPower(folder: string, disk: Disk, server: TestServer, name: string): Promise<Disk> {
  process.kill(server.pid() ?? 0, 'SIGSTOP');
  const image = join(folder, `${name}.img`);
  await copyFile(disk.image, image);
  await server.kill();
  await unmount(disk);
  return mount(image, join(folder, name));
}

/** What the same cut takes when the server syncs every two minutes, its own default. */
async function lostWithoutSync(run: Run): Promise<{ acked: number; lost: number }> {
  const port = await freePort();
  let disk = await newDisk(run.folder, 'control-0');
  let server = await serve(disk, port, '2m');
  try {
    const bus = await connectBus({ servers: server.url, name: 'control', waitMs: 20_000 });
    await provision(bus);
    let acked = 0;
    for (let i = 0; i < 200; i++) {
      await bus.js.publish(bus.subjects.submit, JSON.stringify({ id: `control ${i}`, text: 'x' }));
      acked++;
    }
    disk = await cutPower(run.folder, disk, server, 'control-1');
    server = await serve(disk, port, '2m');
    // The stream itself may be gone.
    await until('JetStream', () => bus.jsm.getAccountInfo().catch(() => undefined), 30_000);
    const kept = await bus.jsm.streams.info('TASKS').then(
      ({ state }) => state.messages,
      () => 0,
    );
    await bus.close();
    return { acked, lost: acked - kept };
  } finally {
    await server.stop();
    await unmount(disk);
  }
}

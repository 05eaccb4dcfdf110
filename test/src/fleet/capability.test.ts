// Work that nobody owns, from the tasks to the new master: found, asked about, accepted at the command line, and moved.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { coordinatorActor } from '@cortex/actor-coordinator';
import { watchdogActor } from '@cortex/actor-watchdog';
import { openMasters, runActor, silentLogger, taskLog, until } from '@cortex/bus';
import { describeOnServer } from '@cortex/bus/testing';
import type { ReviewRequest } from '@cortex/schemas';
import { expect, it } from 'vitest';

const CORTEX = fileURLToPath(new URL('../../../ops/dist/cli/main.js', import.meta.url));
const run = promisify(execFile);
const encoder = process.env.CORTEX_ENCODER;
if (!encoder && process.env.CORTEX_REQUIRE_ALL === '1') throw new Error('no encoder: CORTEX_ENCODER is not set');
const ROOMS = ['desk', 'office', 'canteen', 'garage', 'reception', 'kitchen', 'library', 'lab', 'lobby', 'workshop'];

describeOnServer('work that nobody owns', (suite) => {
  it.skipIf(!encoder)(
    'becomes a master when a person accepts it, and what waited is done there',
    async () => {
      const bus = await suite.connect();
      const masters = await openMasters(bus);
      for (const [name, verb] of [
        ['security', 'Scan'],
        ['cicd', 'Deploy'],
      ] as const)
        await masters.put({
          name,
          description: `${verb}s software.`,
          examples: ['gateway', 'web shop', 'billing', 'search', 'mobile app'].map((s) => `${verb} the ${s} service`),
        });
      const asked: ReviewRequest[] = [];
      bus.nc.subscribe(bus.subjects.reviewsRequested, {
        callback: (_error, message) => void asked.push(message.json<ReviewRequest>()),
      });
      const coordinator = await runActor(coordinatorActor({}), await suite.connect(), { log: silentLogger });
      for (const [i, room] of ROOMS.entries())
        bus.nc.publish(
          bus.subjects.submit,
          JSON.stringify({ id: `plant-${i}`, text: `Water the plants in the ${room} please` }),
        );
      const log = taskLog(bus);
      const masterOf = async (i: number) => (await log.last(`plant-${i}`))?.record.decision?.master;
      const all = async (master: string) =>
        (await Promise.all(ROOMS.map((_, i) => masterOf(i)))).every((name) => name === master);
      await until('tasks that nobody owns', () => all('coordinator'));
      const watchdog = await runActor(
        // Looked for each two seconds instead of once a day.
        watchdogActor({ encoder: encoder ?? '', discoveryHours: 2 / 3_600, takeOverMs: 800, anomaliesADay: 0 }),
        await suite.connect(),
        { log: silentLogger },
      );
      const question = await until(
        'the question',
        () => asked.find((request) => request.kind === 'capability'),
        30_000,
      );
      const cortex = async (...args: string[]) =>
        (await run(process.execPath, [CORTEX, ...args], { env: { ...process.env, NATS_URL: suite.server().url } }))
          .stdout;
      expect(await cortex('review', 'list')).toMatch(/plants.*Register a master/s);
      await cortex('review', 'answer', question.id, 'facilities');
      await until('what waited', () => all('facilities'), 30_000);
      for (const i of ROOMS.keys()) {
        const record = (await log.last(`plant-${i}`))?.record;
        // Nobody looked at this very task: it is no label.
        expect(record?.correction).toBeUndefined();
        expect(record?.settled_as).toBeUndefined();
      }
      expect(masters.find('facilities')?.examples).toHaveLength(ROOMS.length);
      await until('the trail', async () => /add-master.*facilities/s.test(await cortex('actions', 'list')));
      await watchdog.drain(1_000);
      await coordinator.drain(1_000);
      await masters.close();
    },
    90_000,
  );
});

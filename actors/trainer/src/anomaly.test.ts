// The family `anomaly`: from the recorder's files to a version that the watchdog can serve.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openModelRegistry, runActor, silentLogger } from '@cortex/bus';
import { describeOnServer, until } from '@cortex/bus/testing';
import { KeptStore, loadAnomalies, rowsOf } from '@cortex/models';
import { expect, it } from 'vitest';
import { trainerActor } from './actor.js';
import { askForTraining } from './job/ask.js';
import { Board } from './job/board.js';
import { Documents } from './job/documents.js';

describeOnServer('the trainer, asked for anomalies', (suite) => {
  it('learns each kind of worker from kept telemetry, and says so where there is none', {
    timeout: 420_000,
  }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cortex-anomalies-'));
    const bus = await suite.connect();
    const board = new Board(await Documents.open(bus), 'test');
    const training_data = join(folder, 'kept');
    const keys = join(folder, 'keys');
    const actor = await runActor(
      trainerActor({
        models: join(folder, 'models'),
        keys,
        encoder: 'none',
        schedules: [],
        volume: 0,
        mlflow: '',
        training_data,
      }),
      await suite.connect({ name: 'trainer' }),
      { log: silentLogger },
    );
    const ask = (id: string) =>
      askForTraining(bus, board, {
        id,
        family: 'anomaly',
        reason: 'a test',
        options: { training: { steps: 60 } },
        requested_by: 'somebody',
        at: new Date().toISOString(),
      });
    const ends = async (id: string, state: string) => {
      const over = await until(
        `job ${id} to end`,
        async () => {
          const job = await board.read(id);
          return job?.state === 'done' || job?.state === 'failed' ? job : undefined;
        },
        200_000,
      );
      expect(over.state, over.error ?? id).toBe(state);
    };
    await ask('early');
    await ends('early', 'failed');
    expect((await board.read('early'))?.error).toMatch(/no worker's telemetry of the last 7 days is kept/);

    const began = Date.now() - 3_600_000;
    const beats = ['w-1', 'w-2'].flatMap((worker, w) =>
      Array.from({ length: 150 }, (_, i) => ({
        worker,
        master: 'security-master',
        at: new Date(began + 10_000 * i).toISOString(),
        status: 'busy',
        gauges: { cpu: 0.5 + 0.3 * Math.sin(i / 9 + w), memory_mb: 300 + 40 * Math.sin(i / 9 + w), tasks_done: 3 * i },
      })),
    );
    await new KeptStore(training_data).put(
      beats.flatMap((beat, i) =>
        rowsOf({
          kind: 'telemetry',
          source: `TELEMETRY.${began}`,
          sequence: i + 1,
          storedAt: Date.parse(beat.at),
          data: new TextEncoder().encode(JSON.stringify(beat)),
        }),
      ),
    );
    await ask('later');
    await ends('later', 'done');
    const registry = await openModelRegistry(bus, { keys });
    const [version] = await registry.list('anomaly');
    expect(version).toMatchObject({ name: 'anomaly@1', data: { rows: 300 } });
    const kinds = await loadAnomalies(await registry.fetch('anomaly@1', join(folder, 'fetched')));
    const security = kinds.get('security');
    expect(security?.session.facts.gauges).toEqual(['cpu', 'memory_mb', 'tasks_done']);
    expect([...(security?.counters ?? [])]).toEqual(['tasks_done']);
    await security?.session.release();
    await actor.drain(5_000);
    await rm(folder, { recursive: true, force: true });
  });
});

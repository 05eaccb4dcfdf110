// A trained version of the family `anomaly`, promoted under a running watch.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openModelRegistry, runActor, silentLogger } from '@cortex/bus';
import { describeOnServer, until } from '@cortex/bus/testing';
import { saveAnomalies, trainAnomalies } from '@cortex/models';
import { it } from 'vitest';
import type { Finding } from '../finding.js';
import { type Anomalies, watchAnomalies } from './anomalies.js';
import { followAnomalies } from './champion.js';

/** Load and memory go up and down together; where it is broken, against each other: each is in its usual range. */
const gaugesAt = (i: number, broken: boolean) => {
  const load = Math.sin(i / 7);
  const jitter = ((i * 7_919) % 101) / 101;
  return { cpu: 0.5 + 0.3 * load + 0.02 * jitter, memory_mb: 300 + 60 * (broken ? -load : load) + 3 * jitter };
};

describeOnServer('the watch of anomalies', (suite) => {
  it('uses the champion that the registry names, and says so in its findings', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cortex-anomaly-'));
    const bus = await suite.connect();
    const keys_folder = join(folder, 'keys');
    const telemetry = Array.from({ length: 300 }, (_, i) => ({
      worker: 'w-0',
      master: 'm',
      at: 10_000 * i,
      gauges: gaugesAt(i, false),
    }));
    await saveAnomalies(join(folder, 'made'), await trainAnomalies(telemetry, { steps: 60 }), 'abc');
    const registry = await openModelRegistry(bus, { keys: keys_folder });
    await registry.publish('anomaly', join(folder, 'made'), { by: 'test' });

    const findings: Finding[] = [];
    let watch: Anomalies | undefined;
    const used: (string | undefined)[] = [];
    const actor = await runActor(
      {
        name: 'watch',
        description: 'only the watch of anomalies',
        async start(context) {
          watch = watchAnomalies({
            windowMs: 1,
            aDay: () => 10_000,
            onFindings: (found) => findings.push(...found),
            log: silentLogger,
            scorer: { learn: 64 },
          });
          context.add({ name: 'anomalies', stop: () => watch?.stop() });
          await followAnomalies(context, { models_root: join(folder, 'models'), keys_folder }, (place) => {
            used.push(place);
            watch?.use(place);
          });
        },
      },
      await suite.connect({ name: 'watch' }),
      { log: silentLogger },
    );
    await registry.setAliases('anomaly', { champion: 'anomaly@1' }, { by: 'test', reason: 'to see' });
    await until('the champion', () => used.some((place) => place !== undefined), 20_000);
    let now = 0;
    const feed = (from: number, count: number, broken: boolean) => {
      for (let i = from; i < from + count; i++) {
        now += 10;
        watch?.take(
          { kind: 'beat', worker: 'w-1', master: 'm', at: now, status: 'busy', tasks: [], gauges: gaugesAt(i, broken) },
          now,
        );
        watch?.tick(now + 5);
      }
    };
    feed(0, 400, false);
    feed(400, 60, true);
    await until('a finding by it', () => findings.some(({ evidence }) => evidence.autoencoder === true), 60_000);
    await actor.drain();
    await rm(folder, { recursive: true, force: true });
  }, 120_000);
});

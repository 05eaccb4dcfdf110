import { expect, it } from 'vitest';
import { until } from '../testing/nats-server.js';
import { describeOnServer } from '../testing/suite.js';
import { control } from './control.js';
import { runActor, silentLogger } from './runtime.js';

describeOnServer('an instance under control', (suite) => {
  it('restarts where it stands, once for each id, though a part of it hangs', async () => {
    const bus = await suite.connect();
    const asker = await suite.connect();
    let starts = 0;
    const actor = await runActor(
      {
        name: 'demo',
        description: 'for the test',
        async start(context) {
          starts++;
          context.command('double', ({ n }) => ({ twice: 2 * Number(n) }));
          context.add({ name: 'hangs', stop: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) });
        },
      },
      bus,
      { log: silentLogger },
    );
    expect(await control(asker, bus.instance, { do: 'double', n: 4 })).toMatchObject({ ok: true, twice: 8 });
    expect(await control(asker, bus.instance, { do: 'dance' })).toMatchObject({ ok: false, why: 'refused' });
    expect(await control(asker, 'nobody', { do: 'restart' })).toMatchObject({ ok: false, why: 'gone' });
    for (let i = 0; i < 2; i++) await control(asker, bus.instance, { do: 'restart', id: 'once', grace_ms: 50 });
    await until('the restart', () => starts === 2 && actor.state() === 'ready');
    await actor.drain(100);
    expect(starts).toBe(2);
    expect(await control(asker, bus.instance, { do: 'restart' })).toMatchObject({ ok: false, why: 'gone' });
  });
});

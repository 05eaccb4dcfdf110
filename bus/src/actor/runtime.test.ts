import { expect, it } from 'vitest';
import { until } from '../testing/nats-server.js';
import { describeOnServer } from '../testing/suite.js';
import { watchPresence } from './presence.js';
import { type ActorContext, type ActorState, runActor, silentLogger } from './runtime.js';

describeOnServer('the life of an actor', (suite) => {
  it('goes through its named states, stops its parts in reverse, and is seen by others', async () => {
    const bus = await suite.connect();
    const presence = watchPresence(await suite.connect());
    const states: ActorState[] = [];
    const stopped: string[] = [];
    let context: ActorContext | undefined;
    const actor = await runActor(
      {
        name: 'demo',
        description: 'for the test',
        async start(c) {
          context = c;
          c.add({ name: 'first', stop: () => void stopped.push('first') });
          c.add({ name: 'second', subject: 'cortex.tasks.*', stop: () => void stopped.push('second') });
        },
      },
      bus,
      { log: silentLogger, onState: (s) => states.push(s) },
    );
    await until('others to see it', () =>
      presence.list().some((p) => p.instance === actor.instance && p.state === 'ready'),
    );
    context?.degrade('encoder', 'no model');
    expect(actor.state()).toBe('degraded');
    expect(actor.detail()).toBe('encoder: no model');
    context?.degrade('encoder', undefined);
    const answer = await bus.nc.request('$SRV.INFO.cortex-demo', undefined, { timeout: 2_000 });
    expect(JSON.parse(answer.string())).toMatchObject({
      type: 'io.nats.micro.v1.info_response',
      endpoints: [{ subject: 'cortex.tasks.*' }],
    });
    await actor.drain();
    expect(states).toEqual(['starting', 'ready', 'degraded', 'ready', 'draining', 'stopped']);
    expect(stopped).toEqual(['second', 'first']);
    expect(await actor.finished).toBe('stopped');
    await until('others to see it gone', () => !presence.list().some((p) => p.instance === actor.instance));
  });

  it('fails by its cause and stops what it had started', async () => {
    const bus = await suite.connect();
    const stopped: string[] = [];
    const broken = runActor(
      {
        name: 'broken',
        description: 'for the test',
        async start(c) {
          c.add({ name: 'part', stop: () => void stopped.push('part') });
          throw new Error('no bucket');
        },
      },
      bus,
      { log: silentLogger },
    );
    await expect(broken).rejects.toThrow('no bucket');
    expect(stopped).toEqual(['part']);
  });
});

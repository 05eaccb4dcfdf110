import { encodeMessage } from '@cortex/schemas';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { startHeartbeat, watchPresence } from '../actor/presence.js';
import { AskFailed, AskTimeout, NobodyServes } from '../errors.js';
import { until } from '../testing/nats-server.js';
import { describeOnServer } from '../testing/suite.js';
import { createAsker } from './ask.js';
import { type Question, serveAsks } from './serve.js';

const doubled = z.object({ twice: z.number() });
const read = (q: Question) => JSON.parse(Buffer.from(q.data).toString()).n as number;

describeOnServer('an ask', (suite) => {
  async function asker() {
    const bus = await suite.connect();
    const presence = watchPresence(bus);
    return { bus, presence, asker: createAsker(bus, presence) };
  }

  it('is answered by some replica, in batches, each asker getting its own answer', async () => {
    const { asker: a, presence } = await asker();
    const served = [0, 0];
    const sizes: number[] = [];
    const replicas = await Promise.all(
      served.map(async (_, i) => {
        const bus = await suite.connect();
        const heartbeat = startHeartbeat(bus, 'router');
        heartbeat.say('ready');
        const server = serveAsks(bus, {
          actor: 'router',
          batch: 8,
          answer: async (questions) => {
            sizes.push(questions.length);
            served[i] = (served[i] ?? 0) + questions.length;
            await new Promise((resolve) => setTimeout(resolve, 3));
            return questions.map((q) => ({ twice: 2 * read(q) }));
          },
        });
        return { server, heartbeat };
      }),
    );
    await until('both to be known', () => presence.list().filter((p) => p.actor === 'router').length === 2);
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, n) => a.ask('router', { n }, doubled, Date.now() + 20_000)),
    );
    expect(answers.map((x) => x.twice)).toEqual(Array.from({ length: 200 }, (_, n) => 2 * n));
    expect(Math.min(...served)).toBeGreaterThan(0);
    expect(Math.max(...sizes)).toBeGreaterThan(1);
    for (const r of replicas) {
      r.heartbeat.say('stopped');
      r.heartbeat.stop();
      await r.server.stop(1_000);
    }
  });

  it('does not wait when nobody serves, and times out at its deadline when somebody hangs', async () => {
    const { asker: a, presence, bus } = await asker();
    const beat = startHeartbeat(bus, 'predictor');
    beat.say('ready');
    await until('presence', () => presence.list().some((p) => p.actor === 'predictor'));
    await expect(a.ask('predictor', { n: 1 }, doubled, Date.now() + 100)).rejects.toBeInstanceOf(AskTimeout);
    beat.say('stopped');
    beat.stop();
    await until('it to be gone', () => !presence.alive('predictor'));
    await expect(a.ask('predictor', { n: 1 }, doubled, Date.now() + 60_000)).rejects.toBeInstanceOf(NobodyServes);
  });

  it('carries the failure of whoever answers, and never answers to a subject that is no inbox', async () => {
    const { asker: a, bus } = await asker();
    const beat = startHeartbeat(bus, 'router');
    beat.say('ready');
    let asked = 0;
    const server = serveAsks(bus, {
      actor: 'router',
      answer: async (questions) => {
        asked += questions.length;
        return questions.map(() => new TypeError('broken'));
      },
    });
    await expect(a.ask('router', { n: 1 }, doubled, Date.now() + 5_000)).rejects.toBeInstanceOf(AskFailed);
    const stolen: string[] = [];
    bus.nc.subscribe('cortex.outcomes.security', { callback: (_e, m) => void stolen.push(m.string()) });
    const { headers } = await import('@nats-io/transport-node');
    const h = headers();
    h.set('cortex-deadline', String(Date.now() + 5_000));
    h.set('cortex-reply-to', 'cortex.outcomes.security');
    bus.nc.publish(bus.subjects.ask('router'), encodeMessage({ n: 1 }), { headers: h });
    await until('the question to be handled', () => asked === 2);
    await bus.nc.flush();
    expect(stolen).toEqual([]);
    await server.stop(1_000);
    beat.stop();
  });
});

describeOnServer('asks and a restart of the server', (suite) => {
  it('are answered again, although their stream lived in its memory', async () => {
    const bus = await suite.connect();
    const presence = watchPresence(bus);
    const a = createAsker(bus, presence);
    const beat = startHeartbeat(bus, 'router');
    beat.say('ready');
    const server = serveAsks(bus, {
      actor: 'router',
      answer: async (questions) => questions.map((q) => ({ twice: 2 * read(q) })),
    });
    await suite.server().kill();
    await suite.server().restart();
    const answer = await until(
      'an answer',
      () => a.ask('router', { n: 21 }, doubled, Date.now() + 500).catch(() => undefined),
      20_000,
    );
    expect(answer.twice).toBe(42);
    await server.stop(1_000);
    beat.stop();
  });
});

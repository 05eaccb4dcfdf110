import { deadLetterSchema, decodeMessage, EVENT_TYPES } from '@cortex/schemas';
import { AckPolicy } from '@nats-io/jetstream';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect, it } from 'vitest';
import type { Bus } from '../connection/connect.js';
import { RetryLater, Unprocessable } from '../errors.js';
import { ensureConsumer } from '../provision/provision.js';
import { publish } from '../publish/publish.js';
import { startTelemetry, traceIdOf, withSpan } from '../telemetry/index.js';
import { until } from '../testing/nats-server.js';
import { describeOnServer } from '../testing/suite.js';
import { type ConsumerOptions, runConsumer } from './consumer.js';
import type { Delivery } from './delivery.js';

let names = 0;

describeOnServer('a consumer', (suite) => {
  async function setUp(options: { ackWaitMs?: number } = {}) {
    const bus = await suite.connect();
    const name = `c${++names}`;
    await ensureConsumer(bus, 'ACTIONS', {
      durable_name: name,
      filter_subject: `cortex.actions.${name}`,
      ack_policy: AckPolicy.Explicit,
      ack_wait: (options.ackWaitMs ?? 2_000) * 1_000_000,
      max_deliver: -1,
    });
    const send = (n: number) => publish(bus, `cortex.actions.${name}`, { n }, { type: EVENT_TYPES.action });
    const start = (on: Bus, handle: ConsumerOptions['handle'], more: Partial<ConsumerOptions> = {}) =>
      runConsumer(on, {
        stream: 'ACTIONS',
        consumer: name,
        template: 'cortex.actions',
        ackWaitMs: options.ackWaitMs ?? 2_000,
        retryDelay: () => 10,
        handle,
        ...more,
      });
    const info = () => bus.jsm.consumers.info('ACTIONS', name);
    return { bus, name, send, start, info };
  }
  const number = (delivery: Delivery) => JSON.parse(Buffer.from(delivery.data).toString()).n as number;

  it('that only looks on is in the trace of a message where it failed, and nowhere else', async () => {
    const { bus, send, start } = await setUp();
    const ended: ReadableSpan[] = [];
    const nothing = async () => undefined;
    const telemetry = await startTelemetry({
      service: 'test',
      processors: [
        { onStart: () => undefined, onEnd: (span) => void ended.push(span), forceFlush: nothing, shutdown: nothing },
      ],
    });
    const traces = [1, 2].map(() => '');
    for (const n of [0, 1])
      await withSpan('sender', {}, async () => {
        traces[n] = traceIdOf() ?? '';
        await send(n);
      });
    let tries = 0;
    const seen: number[] = [];
    const running = start(
      bus,
      async (delivery) => {
        if (number(delivery) === 1 && tries++ === 0) throw new Error('not yet');
        seen.push(number(delivery));
      },
      { onlooker: true },
    );
    await until('both handled', () => seen.length === 2);
    await running.stop(5_000);
    await telemetry.shutdown();
    const spans = ended.filter(({ name }) => name === 'process cortex.actions');
    expect(spans.map((span) => [span.spanContext().traceId, span.status.message])).toEqual([[traces[1], 'not yet']]);
  });

  it('handles every message once, never more at a time than allowed', async () => {
    const { bus, send, start, info } = await setUp();
    for (let n = 0; n < 100; n++) await send(n);
    const seen: number[] = [];
    let now = 0;
    let most = 0;
    const running = start(
      bus,
      async (delivery) => {
        most = Math.max(most, ++now);
        await new Promise((resolve) => setImmediate(resolve));
        now--;
        seen.push(number(delivery));
      },
      { concurrency: 4 },
    );
    await until('all handled', () => seen.length >= 100);
    await running.stop(5_000);
    expect([...seen].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(most).toBeLessThanOrEqual(4);
    await until('all acknowledged', async () => (await info()).num_ack_pending === 0);
  });

  it('keeps its lease on a slow message by renewing it', async () => {
    const { bus, send, start, info } = await setUp({ ackWaitMs: 300 });
    await send(1);
    let deliveries = 0;
    const running = start(bus, async () => {
      deliveries++;
      await until('three leases to pass', async () => Date.now() > begun + 1_000);
    });
    const begun = Date.now();
    await until(
      'the message to be done',
      async () =>
        deliveries === 1 && (await info()).num_ack_pending === 0 && (await info()).delivered.consumer_seq === 1,
    );
    await running.stop(2_000);
    expect(deliveries).toBe(1);
  });

  it('says that a dead letter cannot be kept, keeps its message, and says when there is room again', async () => {
    const { bus, send, start, info } = await setUp();
    const { max_bytes } = (await bus.jsm.streams.info('DEAD')).config;
    const said: (string | undefined)[] = [];
    await bus.jsm.streams.update('DEAD', { max_bytes: 64 });
    const consumer = start(
      bus,
      async () => {
        throw new Unprocessable('rubbish');
      },
      { onUnkept: (why) => void said.push(why) },
    );
    try {
      await send(1);
      await until('it is said', () => said.length > 0);
      expect(said).toEqual([expect.stringContaining('is full')]);
      expect((await info()).num_ack_pending).toBe(1);
    } finally {
      await bus.jsm.streams.update('DEAD', { max_bytes: max_bytes ?? -1 });
    }
    await until('it is kept', () => said.length > 1, 20_000);
    expect(said[1]).toBeUndefined();
    await until('it is off the consumer', async () => (await info()).num_ack_pending === 0);
    await consumer.stop(1_000);
  });

  it('tries again after a failure, and gives up into DEAD with headers, reason and attempts', async () => {
    const { bus, name, send, start } = await setUp();
    await send(7);
    let tries = 0;
    const running = start(
      bus,
      async () => {
        tries++;
        throw new Error('no luck');
      },
      { maxAttempts: 3 },
    );
    const dead = await until('the dead letter', () => lastDead(bus, name));
    expect(tries).toBe(3);
    expect(dead).toMatchObject({ reason: 'no luck', attempts: 3, subject: `cortex.actions.${name}`, consumer: name });
    expect(JSON.parse(Buffer.from(dead.payload, 'base64').toString())).toEqual({ n: 7 });
    expect(dead.headers['ce-type']).toEqual([EVENT_TYPES.action]);
    await running.stop(1_000);
  });

  it('gives up at once what can never be processed, and goes on with what is behind it', async () => {
    const { bus, name, send, start } = await setUp();
    await send(1);
    await send(2);
    const done: number[] = [];
    const running = start(bus, async (delivery) => {
      if (number(delivery) === 1) throw new Unprocessable('text: is missing');
      done.push(number(delivery));
    });
    await until('the good one', () => done.includes(2));
    expect(await until('the dead letter', () => lastDead(bus, name))).toMatchObject({
      reason: 'text: is missing',
      attempts: 1,
    });
    await running.stop(1_000);
  });

  it('waits as long as a handler wishes without giving up', async () => {
    const { bus, send, start } = await setUp();
    await send(1);
    let tries = 0;
    const running = start(
      bus,
      async () => {
        if (++tries < 6) throw new RetryLater('not yet', 5);
      },
      { maxAttempts: 2 },
    );
    await until('the sixth try', () => tries === 6);
    await running.stop(1_000);
  });

  it('stops without redelivering anything, and loses nothing', async () => {
    const { bus, send, start, info } = await setUp();
    for (let n = 0; n < 200; n++) await send(n);
    const seen: number[] = [];
    const slow = async (delivery: Delivery) => {
      await new Promise((resolve) => setTimeout(resolve, 2));
      seen.push(number(delivery));
      expect(delivery.delivery).toBe(1);
    };
    while (seen.length < 200) {
      const goal = Math.min(200, seen.length + 20);
      const running = start(bus, slow, { concurrency: 5 });
      await until('some progress', () => seen.length >= goal);
      await running.stop(10_000);
    }
    expect(new Set(seen).size).toBe(200);
    expect(seen).toHaveLength(200);
    expect((await info()).num_redelivered).toBe(0);
  });

  it('goes on after the server was killed and came back', async () => {
    const { bus, send, start } = await setUp();
    const seen = new Set<number>();
    const running = start(bus, async (delivery) => void seen.add(number(delivery)));
    await send(1);
    await until('the first', () => seen.has(1));
    await suite.server().kill();
    await suite.server().restart();
    await send(2);
    await until('the second', () => seen.has(2));
    await running.stop(1_000);
  });

  it('says when its consumer is deleted, and goes on when it is made again', async () => {
    const { bus, name, send, start } = await setUp();
    const seen = new Set<number>();
    let missing = false;
    const running = start(bus, async (delivery) => void seen.add(number(delivery)), {
      onMissing: (m) => (missing = m),
    });
    await send(1);
    await until('the first', () => seen.has(1));
    const { config } = await bus.jsm.consumers.info('ACTIONS', name);
    await bus.jsm.consumers.delete('ACTIONS', name);
    await until('it to be noticed', () => missing);
    await ensureConsumer(bus, 'ACTIONS', { ...config, durable_name: name });
    await until('it to be well again, although nothing comes', () => !missing);
    await send(2);
    await until('the second', () => seen.has(2));
    await running.stop(1_000);
  });
});

async function lastDead(bus: Bus, consumer: string) {
  const stored = await bus.jsm.streams.getMessage('DEAD', { last_by_subj: 'cortex.dead.ACTIONS' }).catch(() => null);
  const letter = stored ? decodeMessage('dead letter', deadLetterSchema, stored.data) : undefined;
  return letter?.consumer === consumer ? letter : undefined;
}

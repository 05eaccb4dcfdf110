// What old questions take must never keep a new one out.
import { publish, pullOne } from '@cortex/bus';
import { describeOnServer, until } from '@cortex/bus/testing';
import { EVENT_TYPES } from '@cortex/schemas';
import { expect, it } from 'vitest';
import { purgeOlder } from './upkeep.js';

describeOnServer('questions and answers that nearly fill their stream', (suite) => {
  it('lose the older half, as far as it was read, and nothing while there is room', async () => {
    const bus = await suite.connect();
    const room = 48 * 1024;
    await bus.jsm.streams.update('REVIEWS', { max_bytes: room });
    const state = async () => (await bus.jsm.streams.info('REVIEWS')).state;
    const answer = (n: number) =>
      publish(
        bus,
        bus.subjects.reviewsAnswered,
        { review: `r-${n}`, answer: 'x'.repeat(900) },
        { type: EVENT_TYPES.reviewAnswered },
      );
    for (let n = 0; n < 10; n++) await answer(n);
    expect(await purgeOlder(bus, 'REVIEWS')).toBe(0);
    for (let n = 10; (await state()).bytes < 0.8 * room; n++) await answer(n);
    const { messages } = await state();
    expect(await purgeOlder(bus, 'REVIEWS')).toBe(0);
    const readers = ['coordinator', 'deployer'];
    const read = async (reader: string, most: number) => {
      for (let n = 0; n < most; n++) (await pullOne(bus, 'REVIEWS', reader))?.ack();
    };
    const floor = async (reader: string) => (await bus.jsm.consumers.info('REVIEWS', reader)).ack_floor.stream_seq;
    for (const reader of readers) await read(reader, 4);
    await until('both are acknowledged', async () => (await Promise.all(readers.map(floor))).every((at) => at === 4));
    expect(await purgeOlder(bus, 'REVIEWS')).toBe(4);
    for (const reader of readers) await read(reader, messages);
    await until('all are', async () => (await Promise.all(readers.map(floor))).every((at) => at === messages));
    for (let n = 0; (await state()).bytes < 0.8 * room; n++) await answer(n);
    const before = await state();
    expect(await purgeOlder(bus, 'REVIEWS')).toBeGreaterThanOrEqual(Math.floor(before.messages / 2) - 4);
    expect((await state()).last_seq).toBe(before.last_seq);
    expect(await purgeOlder(bus, 'REVIEWS')).toBe(0);
  });
});

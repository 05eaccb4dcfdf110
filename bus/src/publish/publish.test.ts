import { EVENT_TYPES, HEADERS } from '@cortex/schemas';
import { expect, it } from 'vitest';
import { MessageTooLarge, NotProvisioned, PublishUnconfirmed, StreamFull } from '../errors.js';
import { describeOnServer } from '../testing/suite.js';
import { publish } from './publish.js';

describeOnServer('publish', (suite) => {
  it('stores an id once, also with ids no header could carry', async () => {
    const bus = await suite.connect();
    for (const id of ['a', 'mit Leerzeichen\r\nund Zeilen', 'ü💥']) {
      const first = await publish(bus, bus.subjects.submit, { text: 'x' }, { type: EVENT_TYPES.taskSubmit, id });
      const second = await publish(bus, bus.subjects.submit, { text: 'x' }, { type: EVENT_TYPES.taskSubmit, id });
      expect(second).toMatchObject({ seq: first.seq, duplicate: true });
    }
  });

  it('carries CloudEvents attributes whose id is the message id', async () => {
    const bus = await suite.connect();
    const { seq } = await publish(
      bus,
      bus.subjects.submit,
      { text: 'x' },
      { type: EVENT_TYPES.taskSubmit, id: 'ce-1' },
    );
    const stored = await bus.jsm.streams.getMessage('TASKS', { seq });
    expect(stored?.header.get(HEADERS.ceId)).toBe('ce-1');
    expect(stored?.header.get(HEADERS.msgId)).toBe('ce-1');
    expect(stored?.header.get(HEADERS.ceSpecversion)).toBe('1.0');
  });

  it('refuses what is too large before it is sent, naming sizes', async () => {
    const bus = await suite.connect();
    const big = publish(bus, bus.subjects.submit, new Uint8Array(1_100_000), { type: EVENT_TYPES.taskSubmit });
    await expect(big).rejects.toBeInstanceOf(MessageTooLarge);
    await expect(big).rejects.toThrow(/1100000 bytes.*1047552/);
  });

  it('says that a stream is full instead of dropping', async () => {
    const bus = await suite.connect();
    await bus.jsm.streams.add({ name: 'TINY', subjects: ['tiny'], max_bytes: 1_000, discard: 'new' as never });
    const fill = async () => {
      for (let i = 0; i < 20; i++)
        await publish(bus, 'tiny', { i, filler: 'x'.repeat(100) }, { type: EVENT_TYPES.action });
    };
    await expect(fill()).rejects.toBeInstanceOf(StreamFull);
  });

  it('names the stream that is not there, and gives up after the span it was given', async () => {
    const bus = await suite.connect();
    await expect(publish(bus, 'nobody.listens', {}, { type: EVENT_TYPES.action, retryMs: 300 })).rejects.toSatisfy(
      (e) => e instanceof PublishUnconfirmed || e instanceof NotProvisioned,
    );
  });

  it('is stored once when the server is killed and returns in the middle', async () => {
    const bus = await suite.connect();
    await suite.server().kill();
    const pending = publish(
      bus,
      bus.subjects.submit,
      { text: 'x' },
      { type: EVENT_TYPES.taskSubmit, id: 'over-the-gap' },
    );
    await suite.server().restart();
    const { seq } = await pending;
    const again = await publish(
      bus,
      bus.subjects.submit,
      { text: 'x' },
      { type: EVENT_TYPES.taskSubmit, id: 'over-the-gap' },
    );
    expect(again).toMatchObject({ seq, duplicate: true });
  });
});

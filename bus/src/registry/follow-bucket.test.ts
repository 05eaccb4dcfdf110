import { Kvm } from '@nats-io/kv';
import { expect, it } from 'vitest';
import { until } from '../testing/nats-server.js';
import { describeOnServer } from '../testing/suite.js';
import { type BucketEntry, followBucket } from './follow-bucket.js';

describeOnServer('following a bucket', (suite) => {
  const text = (entry: BucketEntry) => [entry.key, entry.value && new TextDecoder().decode(entry.value)];

  it('tells what is there before it returns, each change after, and nothing of other keys', async () => {
    const bus = await suite.connect();
    const kv = await new Kvm(bus.nc).create('one');
    const none: BucketEntry[] = [];
    const early = await followBucket(bus, 'one', 'a.*', (entry) => none.push(entry));
    expect(none).toEqual([]);
    for (const key of ['a.x', 'b.x', 'a.y']) await kv.put(key, key);
    await kv.put('a.x', 'new');
    await kv.delete('a.y');
    const seen: unknown[] = [];
    const late = await followBucket(bus, 'one', 'a.*', (entry) => seen.push(text(entry)));
    expect(seen).toEqual([
      ['a.x', 'new'],
      ['a.y', undefined],
    ]);
    await until('the first follower to hear all', () => none.length === 4);
    expect(none.map((entry) => entry.revision)).toEqual([1, 3, 4, 5]);
    early.stop();
    late.stop();
    await kv.put('a.z', 'unheard');
    await bus.nc.flush();
    expect(seen).toHaveLength(2);
  });

  it('goes on after kill -9 of the server, each change once', { timeout: 40_000 }, async () => {
    const bus = await suite.connect();
    const kv = await new Kvm(bus.nc).create('two');
    await kv.put('k', '1');
    const seen: unknown[] = [];
    const following = await followBucket(bus, 'two', '>', (entry) => seen.push(text(entry)[1]));
    await suite.server().kill();
    await suite.server().restart();
    await until('the bus to be back', () =>
      kv.put('k', '2').then(
        () => true,
        () => false,
      ),
    );
    // The client's own watch is blind for longer than this.
    await until('the change after it to be heard', () => seen.at(-1) === '2', 8_000);
    expect(new Set(seen).size).toBe(seen.length);
    following.stop();
  });

  it('throws where there is no such bucket', async () => {
    const bus = await suite.connect();
    await expect(followBucket(bus, 'nowhere', '>', () => undefined)).rejects.toThrow(/not found/);
  });
});

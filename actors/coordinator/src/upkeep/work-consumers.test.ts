// A master can be chosen once its work consumers exist; until then its tasks wait, unless they cannot be made at all.
import type { ActorContext, MasterRegistry } from '@cortex/bus';
import { expect, it } from 'vitest';
import { startWorkConsumers } from './work-consumers.js';

function registry() {
  const names: string[] = [];
  const limits = new Map<string, number>();
  let changed: () => void = () => undefined;
  return {
    masters: {
      list: () => names.map((name) => ({ name, status: 'active', limits: { concurrency: limits.get(name) } })),
      onChange(listener: () => void) {
        changed = listener;
        return () => undefined;
      },
    } as unknown as MasterRegistry,
    add(name: string) {
      names.push(name);
      changed();
    },
    limit(name: string, atOnce: number) {
      limits.set(name, atOnce);
      changed();
    },
  };
}

function context() {
  const stops: (() => unknown)[] = [];
  return {
    context: {
      add: ({ stop }: { stop: () => unknown }) => void stops.push(stop),
      degrade: () => undefined,
    } as unknown as ActorContext,
    stop: () => Promise.all(stops.map((stop) => stop())),
  };
}

it('names a master registered just now until its consumers are made', async () => {
  const { masters, add } = registry();
  const { context: actor, stop } = context();
  let made: () => void = () => undefined;
  const choosable = await startWorkConsumers(actor, masters, (name) =>
    name === 'security' ? new Promise((resolve) => (made = resolve)) : Promise.resolve(),
  );
  add('security');
  await new Promise((resolve) => setImmediate(resolve));
  expect(choosable.pending()).toEqual(['security']);
  expect(choosable.choice().names).toEqual([]);
  made();
  await stop();
  expect(choosable.pending()).toEqual([]);
  expect(choosable.choice().names).toEqual(['security']);
});

it('waits for no master whose consumers cannot be made', async () => {
  const { masters, add } = registry();
  const { context: actor, stop } = context();
  const choosable = await startWorkConsumers(actor, masters, async (name) => {
    if (name === 'security') throw new Error('not permitted');
  });
  add('security');
  await stop();
  expect(choosable.pending()).toEqual([]);
});

it('passes on how much a master may do at once, and again when that changes', async () => {
  const { masters, add, limit } = registry();
  const { context: actor, stop } = context();
  const told: (string | number | undefined)[] = [];
  await startWorkConsumers(actor, masters, async (name, atOnce) => void told.push(name, atOnce));
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  add('security');
  await settled();
  limit('security', 3);
  await settled();
  limit('security', 3);
  await stop();
  expect(told).toEqual(['coordinator', undefined, 'security', undefined, 'security', 3]);
});

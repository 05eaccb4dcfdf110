import { publish } from '@cortex/bus';
import { describeOnServer, until } from '@cortex/bus/testing';
import { EVENT_TYPES } from '@cortex/schemas';
import { describe, expect, it } from 'vitest';
import { BadScale, parseScale, parseWorkerBounds } from './catalogue.js';
import { followForecasts, wantedBy } from './follow-forecasts.js';
import type { ProcessGroup } from './processes.js';

const forecast = (master: string, replicas: number | undefined) => ({
  what: `arrivals.${master}`,
  master,
  at: new Date().toISOString(),
  horizon_seconds: 20,
  p50: 1,
  p90: 2,
  ...(replicas === undefined ? {} : { replicas }),
});

describe('bounds of workers', () => {
  it('are read from worker=LEAST..MOST, and the least is started', () => {
    expect(parseWorkerBounds('router=2,worker=1..5')).toEqual({ least: 1, most: 5 });
    expect(parseScale('router=2,worker=1..5').get('worker')).toBe(1);
    expect(parseWorkerBounds('worker=3')).toBeUndefined();
    expect(() => parseScale('worker=5..1')).toThrow(BadScale);
    expect(() => parseScale('router=1..2')).toThrow(/NAME=COUNT/);
  });

  it('hold whatever a forecast asks for', () => {
    const masters = new Set(['a']);
    expect(wantedBy(forecast('a', 99), masters, { least: 1, most: 5 })).toEqual({ master: 'a', workers: 5 });
    expect(wantedBy(forecast('a', 0), masters, { least: 1, most: 5 })).toEqual({ master: 'a', workers: 1 });
    expect(wantedBy(forecast('b', 3), masters, { least: 1, most: 5 })).toBeUndefined();
    expect(wantedBy(forecast('a', undefined), masters, { least: 1, most: 5 })).toBeUndefined();
  });
});

describeOnServer('workers that follow forecasts', ({ connect }) => {
  it('grow at once and shrink one at a time', async () => {
    const bus = await connect({ name: 'follow' });
    let running = 1;
    const sizes: number[] = [];
    const group: ProcessGroup = {
      count: () => running,
      add() {
        sizes.push(++running);
      },
      async retire() {
        sizes.push(--running);
      },
      members: () => [],
      drain: async () => undefined,
      kill: () => undefined,
    };
    const following = followForecasts({
      bus,
      group,
      bounds: { least: 1, most: 4 },
      masters: new Set(['a']),
      plan: (master) => ({ actor: 'worker', number: 1, args: [], serves: master }),
      say: () => undefined,
    });
    const say = (replicas: number) =>
      publish(bus, bus.subjects.forecast('arrivals.a'), forecast('a', replicas), { type: EVENT_TYPES.forecast });
    try {
      await say(9);
      await until('four workers', () => running === 4);
      bus.nc.publish(bus.subjects.forecast('arrivals.a'), 'no json');
      await say(0);
      await until('three workers', () => running === 3);
      await say(0);
      await until('two workers', () => running === 2);
      expect(sizes).toEqual([2, 3, 4, 3, 2]);
    } finally {
      following.stop();
    }
  });
});

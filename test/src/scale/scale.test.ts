import { describe, expect, it } from 'vitest';
import { capacity, type Station, serversFor, utilisation } from './model.js';
import { simulate } from './simulate.js';

const chain: Station[] = [
  { name: 'bus', ms: 0.5, servers: 1 },
  { name: 'router', ms: 2, servers: 1, pool: 'cores' },
  { name: 'coordinator', ms: 3, servers: 1, pool: 'cores' },
];

describe('the model of a deployment', () => {
  it('names the bottleneck, with stations of one machine counted together', () => {
    expect(utilisation(chain, 100)[0]).toEqual({ name: 'cores', servers: 1, utilisation: 0.5 });
    expect(capacity(chain)).toBeCloseTo(200);
    expect(serversFor(chain, 1_000, 0.5).get('cores')).toBe(10);
  });

  it('counts stations that few come by for their share', () => {
    expect(capacity([{ name: 'encoder', ms: 10, servers: 1, share: 0.1 }])).toBeCloseTo(1_000);
  });
});

describe('the simulation', () => {
  it('saturates where the model says', () => {
    const { perSecond } = simulate({ stations: chain, underWay: 32, tasks: 20_000, seed: 1 });
    expect(perSecond / capacity(chain)).toBeGreaterThan(0.95);
    expect(perSecond / capacity(chain)).toBeLessThan(1.05);
  });

  it('waits as queueing theory says: M/G/1 at half load', () => {
    const ms = 10;
    const stations = [{ name: 'one', ms, servers: 1 }];
    const times = [1, 2].map((seed) => simulate({ stations, perSecond: 50, tasks: 15_000, seed }));
    // Pollaczek-Khinchine: service time with squared variation 1/4, so a mean wait of 0.5 / (1 - 0.5) x (1 + 1/4) / 2 of it.
    const mean = ms * (1 + ((0.5 / 0.5) * 1.25) / 2);
    for (const { p50_ms, p99_ms } of times) {
      expect(p50_ms).toBeGreaterThan(ms * 0.9);
      expect(p50_ms).toBeLessThan(mean);
      expect(p99_ms).toBeGreaterThan(mean * 2);
    }
  });

  it('gives the same history for the same seed', () => {
    const run = () => simulate({ stations: chain, perSecond: 150, tasks: 2_000, seed: 7 });
    expect(run()).toEqual(run());
  });

  it('refuses to guess what kind of arrivals is meant', () => {
    expect(() => simulate({ stations: chain, tasks: 1, seed: 1 })).toThrow(RangeError);
  });
});

import { describe, expect, it } from 'vitest';
import { type Arrival, delayProbability, replicasFor, Scaler, simulate, tuneScaler, waitsLonger } from './index.js';

describe('replicas for a waiting time', () => {
  it('follow the published values of the Erlang C formula', () => {
    // One server: the probability of delay is the utilisation. Textbook value for 8 Erlang on 10 servers: 0.409.
    expect(delayProbability(1, 0.5)).toBeCloseTo(0.5, 12);
    expect(delayProbability(10, 8)).toBeCloseTo(0.409, 3);
    expect(delayProbability(3, 3)).toBe(1);
    expect(delayProbability(3, 0)).toBe(0);
  });

  it('are the fewest that keep the promise', () => {
    for (const arrivals of [0.1, 1, 7, 40]) {
      const demand = { arrivals, serviceSeconds: 2 };
      const c = replicasFor(demand, { waitSeconds: 1, share: 0.95 });
      expect(waitsLonger(c, demand, 1)).toBeLessThanOrEqual(0.05);
      expect(waitsLonger(c - 1, demand, 1)).toBeGreaterThan(0.05);
    }
  });

  it('grow with what waits already and stay within the bounds', () => {
    const demand = { arrivals: 1, serviceSeconds: 1 };
    const calm = replicasFor(demand, { waitSeconds: 1 });
    expect(replicasFor({ ...demand, waiting: 100 }, { waitSeconds: 1 })).toBeGreaterThan(calm + 5);
    expect(replicasFor({ ...demand, waiting: 1e9 }, { waitSeconds: 1 }, 50)).toBe(50);
    expect(replicasFor({ arrivals: 0, serviceSeconds: 1 }, { waitSeconds: 1 })).toBe(0);
  });

  it('agree with a simulated queue', () => {
    const demand = { arrivals: 4, serviceSeconds: 1 };
    const c = replicasFor(demand, { waitSeconds: 0.5, share: 0.9 });
    expect(simulatedShare(c, demand, 0.5)).toBeGreaterThan(0.88);
    expect(simulatedShare(c - 1, demand, 0.5)).toBeLessThan(0.91);
  });

  it('are wanted before a regular rush begins', () => {
    const rush = (t: number) => (t % 20 >= 15 ? 60 : 5);
    const scaler = new Scaler(
      { promise: { waitSeconds: 1 }, binSeconds: 10, startSeconds: 10, holdSeconds: 10 },
      Array.from({ length: 400 }, (_, t) => rush(t)),
    );
    const wanted = Array.from(
      { length: 40 },
      (_, i) => scaler.step({ arrivals: rush(400 + i), waiting: 0, serviceSeconds: 1 }).replicas,
    );
    // Bin 14 of a round is still quiet; what is wanted there works in bin 16 at the latest.
    expect(wanted[14]).toBeGreaterThanOrEqual(6);
    expect(Math.min(...wanted.slice(5, 12))).toBeLessThanOrEqual(4);
  });
  it('are as careful as the history demands, and no more', () => {
    const options = { promise: { waitSeconds: 2 }, binSeconds: 10, startSeconds: 20 };
    const calm = tuneScaler(new Array(200).fill(20), [1], options);
    expect(calm.late).toBeLessThanOrEqual(0.05);
    expect(calm.replicas).toBeLessThan(5);
    const bursts = tuneScaler(
      Array.from({ length: 200 }, (_, t) => (t % 37 === 0 ? 200 : 10)),
      [1],
      options,
    );
    expect(bursts.replicas).toBeGreaterThan(calm.replicas);
  });

  it('in the simulation serve everyone once, the urgent first, and the low before they starve', () => {
    const arrivals: Arrival[] = Array.from({ length: 400 }, (_, i) => ({
      at: i * 0.5,
      serviceSeconds: 1,
      rank: i % 4,
    }));
    const result = simulate(arrivals, () => 1, { binSeconds: 10, startSeconds: 5, running: 1, ageSeconds: 60 });
    expect(result.waits).toHaveLength(400);
    const mean = (rank: number) => {
      const of = result.waits.filter((w) => w.rank === rank);
      return of.reduce((sum, w) => sum + w.seconds, 0) / of.length;
    };
    expect(mean(0)).toBeLessThan(mean(1));
    expect(mean(1)).toBeLessThan(mean(2));
    expect(mean(2)).toBeLessThan(mean(3));
    // One replica works all the time: what it costs is the time it takes.
    expect(result.cost).toBeCloseTo(result.seconds, 6);
    expect(result.seconds).toBeCloseTo(400, 6);
    // Without ageing the first low task would wait until every more urgent one is done.
    const firstLow = result.waits.find((w) => w.rank === 3)?.seconds ?? Number.POSITIVE_INFINITY;
    expect(firstLow).toBeLessThan(200);
  });
});

/** Share of a first-come-first-served queue's arrivals that wait at most `seconds`; seeded. */
function simulatedShare(
  replicas: number,
  demand: { arrivals: number; serviceSeconds: number },
  seconds: number,
): number {
  let state = 12345;
  const random = () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return (state + 1) / 2147483649;
  };
  const free = new Array<number>(replicas).fill(0);
  let now = 0;
  let kept = 0;
  const n = 60_000;
  for (let i = 0; i < n; i++) {
    now -= Math.log(random()) / demand.arrivals;
    const first = free.indexOf(Math.min(...free));
    const start = Math.max(now, free[first] ?? 0);
    if (start - now <= seconds) kept++;
    free[first] = start - Math.log(random()) * demand.serviceSeconds;
  }
  return kept / n;
}

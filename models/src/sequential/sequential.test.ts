import { describe, expect, it } from 'vitest';
import { seededRandom } from '../metrics/index.js';
import {
  bet,
  evidenceOf,
  meanInterval,
  meanOfArm,
  NO_ARMS,
  NO_EVIDENCE,
  NO_MEAN,
  NO_PAIRS,
  observeArm,
  observeMean,
  observePair,
  type PairedEvidence,
  proven,
  type Side,
  signEvidence,
} from './index.js';

const RUNS = 400;
/** Three standard errors above 5 % of 400 runs. */
const MOST = RUNS * 0.05 + 3 * Math.sqrt(RUNS * 0.05 * 0.95);

const share = (runs: number, once: (random: () => number) => boolean) => {
  let hits = 0;
  for (let run = 0; run < runs; run++) if (once(seededRandom(1_000 + run))) hits++;
  return hits;
};

/** Tasks decided by `executed`, each model right with its odds, failures corrected with chance `corrected`. */
function pairs(random: () => number, rows: number, odds: Record<Side, number>, corrected: number, shadow: boolean) {
  let state: PairedEvidence = NO_PAIRS;
  for (let i = 0; i < rows; i++) {
    const u = random();
    // One right master: both right, or one of them, or none.
    const champion = u < odds.champion;
    const challenger = u < odds.champion - 0.15 || (u >= odds.champion && u < odds.challenger + 0.15);
    const agree = (champion && challenger) || (!champion && !challenger && random() < 0.5);
    const executed: Side = shadow || random() < 0.5 ? 'champion' : 'challenger';
    const truth = { champion, challenger };
    const failed = !truth[executed];
    const told = failed && random() < corrected;
    const other: Side = executed === 'champion' ? 'challenger' : 'champion';
    const right = { ...truth, ...(failed && !told ? { [other]: agree ? false : undefined } : {}) };
    state = observePair(state, { executed, agree, right, corrected: told });
  }
  return state;
}

describe('evidence that may be looked at after every row', () => {
  it('is fooled by fair coins at most at its rate, looked at after each of 2,000 rows', () => {
    const fooled = share(RUNS, (random) => {
      let evidence = NO_EVIDENCE;
      for (let i = 0; i < 2_000; i++) evidence = bet(evidence, random() < 0.5 ? 1 : -1);
      return proven(evidence, 0.05);
    });
    expect(fooled).toBeLessThanOrEqual(MOST);
  });

  it('finds a coin that wins 65 times in 100 within 300 rows nearly always', () => {
    const found = share(100, (random) => {
      let evidence = NO_EVIDENCE;
      for (let i = 0; i < 300; i++) evidence = bet(evidence, random() < 0.65 ? 1 : -1);
      return proven(evidence, 0.05);
    });
    expect(found).toBeGreaterThanOrEqual(95);
  });

  it('gives the same as counting wins and losses', () => {
    let evidence = NO_EVIDENCE;
    for (let i = 0; i < 30; i++) evidence = bet(evidence, i % 3 === 0 ? -1 : 1);
    expect(evidenceOf(evidence)).toBeCloseTo(signEvidence(20, 10), 9);
    expect(signEvidence(20, 10)).toBeGreaterThan(0);
    expect(signEvidence(10, 20)).toBeLessThan(0);
  });

  it('refuses a gain that is no gain', () => {
    expect(() => bet(NO_EVIDENCE, Number.NaN)).toThrow(/gain/);
    expect(() => bet(NO_EVIDENCE, -1.5)).toThrow(/gain/);
    expect(() => bet(NO_EVIDENCE, Number.POSITIVE_INFINITY)).toThrow(/gain/);
  });
});

describe('two models of which only one decides', () => {
  it('are told equal when they are, though only a fifth of the failures is corrected', () => {
    for (const shadow of [true, false]) {
      let better = 0;
      let worse = 0;
      for (let run = 0; run < RUNS; run++) {
        const state = pairs(seededRandom(5_000 + run), 1_500, { champion: 0.7, challenger: 0.7 }, 0.2, shadow);
        if (proven(state.better, 0.05)) better++;
        if (proven(state.worse, 0.05)) worse++;
      }
      expect(better, `better, shadow ${shadow}`).toBeLessThanOrEqual(MOST);
      expect(worse, `worse, shadow ${shadow}`).toBeLessThanOrEqual(MOST);
    }
  });

  it('are not called as good when the second is worse by the margin, whoever is carried out', () => {
    for (const shadow of [true, false]) {
      let asGood = 0;
      for (let run = 0; run < RUNS; run++) {
        const state = pairs(seededRandom(7_000 + run), 1_500, { champion: 0.7, challenger: 0.68 }, 0.2, shadow);
        if (proven(state.noWorse, 0.05)) asGood++;
      }
      expect(asGood, `shadow ${shadow}`).toBeLessThanOrEqual(MOST);
    }
  });

  it('are told apart when one is ten points better, and the gain is estimated without favour', () => {
    let found = 0;
    let gain = 0;
    for (let run = 0; run < 50; run++) {
      const state = pairs(seededRandom(9_000 + run), 1_500, { champion: 0.65, challenger: 0.75 }, 0.2, true);
      if (proven(state.better, 0.05)) found++;
      gain += state.gain / state.rows / 50;
    }
    expect(found).toBeGreaterThanOrEqual(45);
    expect(gain).toBeGreaterThan(0.07);
    expect(gain).toBeLessThan(0.13);
  });
});

describe('two arms that share the traffic', () => {
  const traffic = (random: () => number, rows: number, odds: (arm: Side, i: number) => number, challengers: number) => {
    let state = NO_ARMS;
    for (let i = 0; i < rows; i++) {
      const arm: Side = random() < challengers ? 'challenger' : 'champion';
      state = observeArm(state, arm, random() < odds(arm, i) ? 1 : 0);
    }
    return state;
  };

  it('are not called different when the world gets worse for both', () => {
    const fooled = share(
      RUNS,
      (random) =>
        proven(traffic(random, 2_000, (_, i) => 0.9 - (0.5 * i) / 2_000, 0.05).harm, 0.05) ||
        proven(traffic(random, 500, (_, i) => 0.4 + (0.5 * i) / 500, 0.5).harm, 0.05),
    );
    // Two tests a run.
    expect(fooled).toBeLessThanOrEqual(2 * MOST);
  });

  it('show harm of a useless challenger within a few of its tasks', () => {
    let tasks = 0;
    for (let run = 0; run < 50; run++) {
      const random = seededRandom(run);
      let state = NO_ARMS;
      while (!proven(state.harm, 0.01)) {
        const arm: Side = random() < 0.05 ? 'challenger' : 'champion';
        state = observeArm(state, arm, random() < (arm === 'champion' ? 0.8 : 0.12) ? 1 : 0);
      }
      tasks += state.total.challenger.rows / 50;
    }
    expect(tasks).toBeLessThan(30);
  });

  it('keeps the means of both', () => {
    const state = observeArm(observeArm(NO_ARMS, 'champion', 0.5), 'champion', 1);
    expect(meanOfArm(state, 'champion')).toBe(0.75);
    expect(meanOfArm(state, 'challenger')).toBeUndefined();
  });
});

it('an interval of a mean holds at every moment at once', () => {
  const missed = share(RUNS, (random) => {
    let state = NO_MEAN;
    for (let i = 0; i < 1_000; i++) {
      state = observeMean(state, random() < 0.3 ? 1 : 0);
      const { low, high } = meanInterval(state);
      if (low > 0.3 || high < 0.3) return true;
    }
    return false;
  });
  expect(missed).toBeLessThanOrEqual(MOST);
  let state = NO_MEAN;
  for (let i = 0; i < 2_000; i++) state = observeMean(state, i % 10 < 3 ? 1 : 0);
  const { low, high } = meanInterval(state);
  expect(high - low).toBeLessThan(0.12);
});

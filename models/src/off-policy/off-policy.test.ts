import { describe, expect, it } from 'vitest';
import { seededRandom } from '../metrics/index.js';
import { estimateOffPolicy, type LoggedChoice, OffPolicyRowInvalid } from './index.js';

/** Two masters; the first is right with 0.8 on even tasks and 0.3 on odd ones, the second the other way round. */
const odds = (task: number, master: number) => ((task + master) % 2 === 0 ? 0.8 : 0.3);

/** A log whose policy prefers the first master; the other policy always takes the better one: it earns 0.8. */
function log(rows: number, exploration: number, seed: number, modelled = false): LoggedChoice[] {
  const random = seededRandom(seed);
  return Array.from({ length: rows }, () => {
    const task = random() < 0.5 ? 0 : 1;
    const master = random() < 1 - exploration ? 0 : 1;
    return {
      reward: random() < odds(task, master) ? 1 : 0,
      propensity: master === 0 ? 1 - exploration : exploration,
      target: master === task ? 1 : 0,
      // A crude model: half of the truth.
      ...(modelled ? { expected: 0.5 * odds(task, master) + 0.25, expectedTarget: 0.5 * 0.8 + 0.25 } : {}),
    };
  });
}

describe('the worth of another policy', () => {
  it('is found from a log that explored, and lies in 95 % intervals about as often as they promise', () => {
    let held = { ips: 0, snips: 0, dr: 0 };
    const runs = 60;
    for (let run = 0; run < runs; run++) {
      const verdict = estimateOffPolicy(log(600, 0.3, run, true), { seed: run });
      if (!verdict.supported) throw new Error(verdict.reason);
      const holds = ({ low, high }: { low: number; high: number }) => (low <= 0.8 && 0.8 <= high ? 1 : 0);
      held = {
        ips: held.ips + holds(verdict.ips),
        snips: held.snips + holds(verdict.snips),
        dr: held.dr + holds(verdict.doubly_robust ?? { low: 1, high: 0 }),
      };
      expect(verdict.effective).toBeLessThan(600);
    }
    for (const hits of Object.values(held)) expect(hits / runs).toBeGreaterThan(0.85);
  });

  it('is known more closely with a model beside it', () => {
    const verdict = estimateOffPolicy(log(2_000, 0.2, 1, true));
    if (!verdict.supported) throw new Error(verdict.reason);
    const width = ({ low, high }: { low: number; high: number }) => high - low;
    expect(width(verdict.doubly_robust ?? verdict.ips)).toBeLessThan(width(verdict.ips));
    expect(verdict.logged.value).toBeLessThan(verdict.snips.value);
    // It earns 0.8, the log 0.8 × 0.55 + 0.2 × 0.55 = 0.55.
    expect(verdict.gain.low).toBeLessThan(0.25);
    expect(verdict.gain.high).toBeGreaterThan(0.25);
    expect(verdict.gain.low).toBeGreaterThan(0);
  });

  it('is refused when the log never made its choices, with the share that it covers', () => {
    const verdict = estimateOffPolicy(log(1_000, 0, 1));
    expect(verdict).toMatchObject({ supported: false });
    if (verdict.supported) return;
    expect(verdict.reason).toMatch(/covers \d+ % .* exploration/);
    expect(verdict.covered).toBeGreaterThan(0.4);
    expect(verdict.covered).toBeLessThan(0.6);
  });

  it('is refused when few rows carry all the weight, or there is none', () => {
    const verdict = estimateOffPolicy(log(60, 0.05, 3), { leastEffective: 40, leastCovered: 0.1 });
    expect(verdict).toMatchObject({ supported: false, reason: expect.stringMatching(/worth .* after weighting/) });
    expect(estimateOffPolicy([])).toMatchObject({ supported: false, rows: 0, effective: 0 });
  });

  it('names the row and field that is no logged decision', () => {
    const rows = log(3, 0.5, 1);
    expect(() => estimateOffPolicy([...rows, { reward: 1, propensity: 0, target: 1 }])).toThrow(OffPolicyRowInvalid);
    expect(() => estimateOffPolicy([...rows, { reward: 1, propensity: 0, target: 1 }])).toThrow(/row 3: propensity/);
  });
});

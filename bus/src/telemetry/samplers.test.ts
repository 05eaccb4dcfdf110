import { SamplingDecision } from '@opentelemetry/sdk-trace-base';
import { expect, it } from 'vitest';
import { atMost, tracesPerSecond } from './samplers.js';

it('samples every trace up to its rate, a saved-up burst, and no more than its rate beyond', () => {
  let now = 0;
  const sampler = atMost(10, () => now);
  const begun = (perSecond: number, seconds: number) => {
    let sampled = 0;
    for (let i = 0; i < perSecond * seconds; i++) {
      now += 1_000 / perSecond;
      const { decision } = sampler.shouldSample({} as never, '', '', 0, {}, []);
      if (decision === SamplingDecision.RECORD_AND_SAMPLED) sampled++;
    }
    return sampled;
  };
  expect(begun(10, 60)).toBe(600);
  // Two seconds' worth were saved up.
  expect(begun(1_000, 1)).toBeGreaterThanOrEqual(28);
  expect(begun(1_000, 10)).toBeGreaterThanOrEqual(99);
  expect(begun(1_000, 10)).toBeLessThanOrEqual(101);
});

it('samples none at a rate of none', () => {
  const { decision } = atMost(0).shouldSample({} as never, '', '', 0, {}, []);
  expect(decision).toBe(SamplingDecision.NOT_RECORD);
});

it('takes its rate from the environment and names a value that is none', () => {
  expect(tracesPerSecond({})).toBeGreaterThan(0);
  expect(tracesPerSecond({ CORTEX_TRACES_PER_SECOND: '0' })).toBe(0);
  expect(() => tracesPerSecond({ CORTEX_TRACES_PER_SECOND: 'many' })).toThrow(/CORTEX_TRACES_PER_SECOND.*"many"/);
});

// Which traces are recorded. The one thing to know: the choice is made once, where a trace begins, and travels with it; a trace is whole or not there.
import { type Sampler, SamplingDecision, type SamplingResult } from '@opentelemetry/sdk-trace-base';

/** A span that nobody sees costs as much as one that somebody does. */
export function whileWanted(wanted: () => boolean): Sampler {
  return {
    shouldSample: () => ({
      decision: wanted() ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.NOT_RECORD,
    }),
    toString: () => 'WhileWanted',
  };
}

/** Seconds whose share a quiet time may save up for a burst. */
const SAVED_S = 2;

/**
 * Samples every trace as long as no more than `perSecond` begin in this process, and so many beyond: what telemetry costs does not grow with the
 * load. A token bucket, as Jaeger's `ratelimiting` sampler. For roots only: wrap it in a ParentBasedSampler.
 * @param now milliseconds of any clock that only goes forward
 */
export function atMost(perSecond: number, now: () => number = () => performance.now()): Sampler {
  const most = perSecond === 0 ? 0 : Math.max(1, perSecond * SAVED_S);
  let tokens = most;
  let last = now();
  const yes: SamplingResult = { decision: SamplingDecision.RECORD_AND_SAMPLED };
  const no: SamplingResult = { decision: SamplingDecision.NOT_RECORD };
  return {
    shouldSample() {
      const at = now();
      tokens = Math.min(most, tokens + ((at - last) / 1_000) * perSecond);
      last = at;
      if (tokens < 1) return no;
      tokens--;
      return yes;
    },
    toString: () => `AtMost{${perSecond} a second}`,
  };
}

/** `CORTEX_TRACES_PER_SECOND`, or the default. Throws a RangeError that names it. */
export function tracesPerSecond(env: NodeJS.ProcessEnv = process.env): number {
  const set = env.CORTEX_TRACES_PER_SECOND;
  if (set === undefined || set === '') return TRACES_PER_SECOND;
  const value = Number(set);
  if (!(value >= 0)) throw new RangeError(`CORTEX_TRACES_PER_SECOND is a number of traces from 0 on, not "${set}"`);
  return value;
}
const TRACES_PER_SECOND = 50;

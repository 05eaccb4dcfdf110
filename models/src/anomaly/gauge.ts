// One gauge under all detectors: learned once, then step by step a surprise from each.
import { DETECTORS, type Scorer } from './detectors/index.js';
import { type Scale, scaleOf, squash } from './robust.js';
import { fitTail, surprise, type Tail } from './tail.js';

export const DETECTOR_NAMES = Object.keys(DETECTORS);

/** Plain JSON. */
export interface GaugeModel {
  scale: Scale;
  states: unknown[];
  /** Of each detector the tail above and, where it is two-sided, the one below. */
  tails: { above: Tail; below?: Tail }[];
}

/** @param values of the training part, NaN where missing. */
export function fitGauge(values: Float64Array): GaugeModel {
  const scale = scaleOf(values);
  const { held, missing } = hold(values, scale);
  const states: unknown[] = [];
  const tails: GaugeModel['tails'] = [];
  for (const name of DETECTOR_NAMES) {
    const detector = DETECTORS[name]!;
    const state = detector.fit(held, missing);
    const scorer = detector.open(state);
    const scores = held.map((value, t) => scorer(value, missing[t] === 1));
    states.push(state);
    const above = fitTail(scores, 0.05);
    tails.push(
      detector.twoSided
        ? {
            above,
            below: fitTail(
              scores.map((s) => -s),
              0.05,
            ),
          }
        : { above },
    );
  }
  return { scale, states, tails };
}

/** Takes a step's value (NaN: missing), fills `out` with a surprise per detector, returns the scaled value. */
export type GaugeStream = (value: number, out: Float64Array) => number;

export function openGauge(model: GaugeModel, start = 0): GaugeStream {
  const scorers: Scorer[] = DETECTOR_NAMES.map((name, d) => DETECTORS[name]!.open(model.states[d], start));
  let last = 0;
  return (value, out) => {
    const missing = !Number.isFinite(value);
    if (!missing) last = squash(value, model.scale);
    scorers.forEach((scorer, d) => {
      const { above, below } = model.tails[d]!;
      const score = scorer(last, missing);
      const up = surprise(above, score);
      // Two sides are two chances to be surprised: half of each one's probability.
      out[d] = below ? Math.max(0, Math.max(up, surprise(below, -score)) - Math.LN2) : up;
    });
    return last;
  };
}

/** Scaled, with the last known value where one is missing (the middle before the first). */
export function hold(values: Float64Array, scale: Scale): { held: Float64Array; missing: Uint8Array } {
  const missing = new Uint8Array(values.length);
  let last = 0;
  const held = values.map((value, t) => {
    if (Number.isFinite(value)) last = squash(value, scale);
    else missing[t] = 1;
    return last;
  });
  return { held, missing };
}

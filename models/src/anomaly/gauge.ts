// One gauge under all detectors: learned once, then step by step a surprise from each.
// The one thing to know: the autoencoder looks at all gauges at once and elsewhere; here its error of this gauge is one score more.
import { DETECTORS, type Scorer } from './detectors/index.js';
import { type Scale, scaleOf, squash } from './robust.js';
import { fitTail, surprise, type Tail } from './tail.js';

const OWN = Object.keys(DETECTORS);
/** The last one is silent where no autoencoder was there. */
export const DETECTOR_NAMES = [...OWN, 'autoencoder'];

/** Plain JSON. */
export interface GaugeModel {
  scale: Scale;
  states: unknown[];
  /** Of each detector the tail above and, where it is two-sided, the one below. */
  tails: { above: Tail; below?: Tail }[];
  /** Of the autoencoder's errors, where there is one. */
  errors?: Tail;
}

/** @param values of the training part, NaN where missing. @param errors of the autoencoder at the same steps, by one that did not learn them. */
export function fitGauge(values: Float64Array, errors?: Float64Array): GaugeModel {
  const scale = scaleOf(values);
  const { held, missing } = hold(values, scale);
  const states: unknown[] = [];
  const tails: GaugeModel['tails'] = [];
  for (const name of OWN) {
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
  return { scale, states, tails, ...(errors && { errors: fitTail(errors, 0.05) }) };
}

/** Takes a step's value (NaN: missing) and the autoencoder's error, fills `out` with a surprise per detector, returns the scaled value. */
export type GaugeStream = (value: number, out: Float64Array, error: number) => number;

export function openGauge(model: GaugeModel, start = 0): GaugeStream {
  const scorers: Scorer[] = OWN.map((name, d) => DETECTORS[name]!.open(model.states[d], start));
  let last = 0;
  return (value, out, error) => {
    const missing = !Number.isFinite(value);
    if (!missing) last = squash(value, model.scale);
    scorers.forEach((scorer, d) => {
      const { above, below } = model.tails[d]!;
      const score = scorer(last, missing);
      const up = surprise(above, score);
      // Two sides are two chances to be surprised: half of each one's probability.
      out[d] = below ? Math.max(0, Math.max(up, surprise(below, -score)) - Math.LN2) : up;
    });
    out[OWN.length] = model.errors ? surprise(model.errors, error) : 0;
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

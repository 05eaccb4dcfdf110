// What a detector of one gauge is: learned from the training part, then fed step by step.
// The one thing to know: a scorer is only ever handed the present step, so no score can know the future.

/** The present value (the last known one where it is missing) → a raw score; NaN while it cannot tell. */
export type Scorer = (value: number, missing: boolean) => number;

export interface GaugeDetector<State> {
  /** Two-sided detectors give signed scores; each side is calibrated by itself. */
  twoSided: boolean;
  /** @param values scaled by `squash`, without gaps. The state is plain JSON. */
  fit(values: Float64Array, missing: Uint8Array): State;
  /** @param start how many steps of the training part came before the first that will be scored. */
  open(state: State, start?: number): Scorer;
}

// What can go wrong with a predictor: too little to learn from, or files that must not be served.

/** Nothing can be learned from these rows. Terminal: other rows are needed. */
export class PredictionDataError extends Error {
  override readonly name = 'PredictionDataError';
  readonly retryable = false;
}

export type PredictorFileReason =
  | 'missing'
  | 'unreadable'
  | 'version'
  | 'tampered'
  | 'not a number'
  | 'other encoder'
  | 'probe failed';

/** A saved predictor that is not served; whatever served before goes on. Terminal. */
export class PredictorFileError extends Error {
  override readonly name = 'PredictorFileError';
  readonly retryable = false;

  constructor(
    readonly file: string,
    readonly reason: PredictorFileReason,
    detail: string,
  ) {
    super(`${file}: ${detail} (${reason})`);
  }
}

// Everything that can go wrong with an encoder, as a closed set.
// The one thing to know: `retryable` is decided by the class, so nobody has to read a message to know what to do.

/** Base of all encoder failures. `retryable`: the very same call may succeed later. */
export abstract class EncoderError extends Error {
  abstract readonly retryable: boolean;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** A file the encoder's folder must hold is not there or cannot be read. */
export class EncoderFileMissing extends EncoderError {
  readonly retryable = false;
  constructor(
    readonly path: string,
    options?: ErrorOptions,
  ) {
    super(`The encoder needs ${path}, which cannot be read. Fetch the encoder's folder again.`, options);
  }
}

/** A file is there but is no model or tokenizer that can be used. */
export class EncoderModelInvalid extends EncoderError {
  readonly retryable = false;
  constructor(
    readonly path: string,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(`${path} cannot be used as an encoder: ${reason}`, options);
  }
}

/** The model or service gave something else than one finite vector of the agreed length for each text. */
export class EncoderShapeMismatch extends EncoderError {
  readonly retryable = false;
  constructor(
    readonly expected: string,
    readonly got: string,
  ) {
    super(`The encoder should have given ${expected}, but gave ${got}.`);
  }
}

/** The encoder's thread died while it worked on the call. It is started again by the next call. */
export class EncoderCrashed extends EncoderError {
  readonly retryable = true;
  constructor(
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(`The encoder's thread stopped while it worked (${reason}). Try again: it is restarted.`, options);
  }
}

/** Too much waits already; nothing of the call was taken. */
export class EncoderBusy extends EncoderError {
  readonly retryable = true;
  constructor(
    readonly waiting: number,
    readonly limit: number,
  ) {
    super(`${waiting} texts wait for the encoder already (limit ${limit}). Try again when fewer wait.`);
  }
}

/** `close()` was called before or while the call waited. */
export class EncoderClosed extends EncoderError {
  readonly retryable = false;
  constructor() {
    super('The encoder was closed.');
  }
}

/** The embeddings service could not be reached, was busy, or failed by itself, also after the retries. */
export class EncoderServiceUnavailable extends EncoderError {
  readonly retryable = true;
  constructor(
    readonly url: string,
    readonly status: number | null,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(
      `The embeddings service ${url} did not answer${status === null ? '' : ` (HTTP ${status})`}: ${reason}`,
      options,
    );
  }
}

/** The embeddings service refused the call for good: wrong key, wrong model, wrong input. */
export class EncoderServiceRefused extends EncoderError {
  readonly retryable = false;
  constructor(
    readonly url: string,
    readonly status: number,
    readonly reason: string,
  ) {
    super(`The embeddings service ${url} refused (HTTP ${status}): ${reason}`);
  }
}

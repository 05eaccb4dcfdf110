// Why a router's folder is refused, one class a reason. None of them is worth a retry: the files must change first.

export type RouterFault =
  | 'file-missing'
  | 'manifest-invalid'
  | 'file-tampered'
  | 'numbers-invalid'
  | 'shape-mismatch'
  | 'labels-mismatch'
  | 'encoder-mismatch'
  | 'expert-missing'
  | 'probe-failed';

export abstract class RouterLoadError extends Error {
  abstract readonly fault: RouterFault;
  readonly retryable = false;

  constructor(
    readonly file: string,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(`${file}: ${reason}`, options);
    this.name = new.target.name;
  }
}

/** A file that the manifest names is not there, or the manifest itself is not. */
export class RouterFileMissing extends RouterLoadError {
  readonly fault = 'file-missing';
}

/** The manifest cannot be read, is of another format version, or was changed. */
export class RouterManifestInvalid extends RouterLoadError {
  readonly fault = 'manifest-invalid';
}

/** A file's size or sha256 is not what the manifest says: cut short or changed. */
export class RouterFileTampered extends RouterLoadError {
  readonly fault = 'file-tampered';
}

/** NaN or infinity among the weights. */
export class RouterNumbersInvalid extends RouterLoadError {
  readonly fault = 'numbers-invalid';
}

/** An array is longer or shorter than labels and features say. */
export class RouterShapeMismatch extends RouterLoadError {
  readonly fault = 'shape-mismatch';
}

/** The model was trained for other labels than it says, or than were asked for. */
export class RouterLabelsMismatch extends RouterLoadError {
  readonly fault = 'labels-mismatch';
}

/** The encoder at hand is not the one the router was trained with. */
export class RouterEncoderMismatch extends RouterLoadError {
  readonly fault = 'encoder-mismatch';
}

/** The ensemble has an outside expert that was not given. */
export class RouterExpertMissing extends RouterLoadError {
  readonly fault = 'expert-missing';
}

/** A question with a known answer was answered otherwise. */
export class RouterProbeFailed extends RouterLoadError {
  readonly fault = 'probe-failed';
}

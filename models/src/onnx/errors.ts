// Why a model was not loaded: a closed set, each with what was found, so that a person can act and the old one serves on.
// The one thing to know: all are terminal. Trying the same file again changes nothing.

/** Base of every refusal; `code` is the machine's word for it. */
export abstract class ModelRefusedError extends Error {
  abstract readonly code: string;
  constructor(
    /** Folder of the model. */
    readonly folder: string,
    reason: string,
  ) {
    super(`Model ${folder} refused: ${reason}`);
    this.name = new.target.name;
  }
}

/** The manifest or a file it names is not there. */
export class ModelFileMissingError extends ModelRefusedError {
  readonly code = 'model-file-missing';
  constructor(
    folder: string,
    readonly file: string,
  ) {
    super(folder, `${file} is missing`);
  }
}

/** The manifest is no JSON, lacks a field, or is of a format this version does not read. */
export class ManifestInvalidError extends ModelRefusedError {
  readonly code = 'manifest-invalid';
  constructor(
    folder: string,
    readonly reason: string,
  ) {
    super(folder, `manifest.json: ${reason}`);
  }
}

/** The file is not the one the manifest speaks of: cut short, or changed. */
export class ModelTamperedError extends ModelRefusedError {
  readonly code = 'model-tampered';
  constructor(
    folder: string,
    readonly expected: { sha256: string; bytes: number },
    readonly found: { sha256: string; bytes: number },
  ) {
    const what =
      found.bytes < expected.bytes
        ? `is cut short: ${found.bytes} of ${expected.bytes} bytes`
        : `has sha256 ${found.sha256.slice(0, 12)}…, the manifest says ${expected.sha256.slice(0, 12)}…`;
    super(folder, `the ONNX file ${what}`);
  }
}

/** The bytes match their hash but are no ONNX model, or one the runtime cannot run. */
export class ModelUnreadableError extends ModelRefusedError {
  readonly code = 'model-unreadable';
  constructor(
    folder: string,
    readonly reason: string,
  ) {
    super(folder, `not a readable ONNX model: ${reason}`);
  }
}

/** The graph wants to read other files. A model is one file. */
export class ExternalDataError extends ModelRefusedError {
  readonly code = 'model-external-data';
  constructor(
    folder: string,
    readonly tensor: string,
    readonly location: string,
  ) {
    super(folder, `tensor "${tensor}" keeps its data outside the file ("${location}")`);
  }
}

/** Opset, inputs, outputs or shapes differ from what the manifest or the family says. */
export class SignatureMismatchError extends ModelRefusedError {
  readonly code = 'model-signature';
  constructor(
    folder: string,
    /** `opset`, `input task`, `output logits`, … */
    readonly part: string,
    readonly expected: string,
    readonly found: string,
  ) {
    super(folder, `${part} is ${found}, expected ${expected}`);
  }
}

/** It was trained for another family, other labels, or another encoder. */
export class ModelForOthersError extends ModelRefusedError {
  readonly code = 'model-for-others';
  constructor(
    folder: string,
    readonly part: 'family' | 'encoder' | 'labels' | 'dimensions',
    readonly expected: string,
    readonly found: string,
  ) {
    super(folder, `its ${part} is ${found}, wanted is ${expected}`);
  }
}

/** It answers a probe with NaN or infinity. */
export class ProbeNotFiniteError extends ModelRefusedError {
  readonly code = 'probe-not-finite';
  constructor(
    folder: string,
    readonly probe: number,
    readonly output: string,
  ) {
    super(folder, `probe ${probe} makes output "${output}" NaN or infinite`);
  }
}

/** It answers a probe otherwise than it did when it was exported. */
export class ProbeMismatchError extends ModelRefusedError {
  readonly code = 'probe-mismatch';
  constructor(
    folder: string,
    readonly probe: number,
    readonly output: string,
    readonly difference: number,
    readonly tolerance: number,
  ) {
    super(folder, `probe ${probe}: output "${output}" is off by ${difference.toExponential(1)} (allowed ${tolerance})`);
  }
}

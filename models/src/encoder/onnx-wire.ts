// What the encoder's thread and its owner say to each other, and how a failure crosses between them:
// an error object loses its class on the way, so it travels as its fields.
import {
  EncoderCrashed,
  type EncoderError,
  EncoderFileMissing,
  EncoderModelInvalid,
  EncoderShapeMismatch,
} from './errors.js';

export type ToThread = { kind: 'encode'; call: number; texts: readonly string[] } | { kind: 'close' };

export type FromThread =
  | { kind: 'ready'; id: string; dimensions: number }
  | { kind: 'failed'; error: WireError }
  | { kind: 'vectors'; call: number; vectors: Float32Array }
  | { kind: 'refused'; call: number; error: WireError };

export type WireError =
  | { kind: 'file-missing'; path: string }
  | { kind: 'model-invalid'; path: string; reason: string }
  | { kind: 'shape-mismatch'; expected: string; got: string }
  | { kind: 'unexpected'; reason: string };

export function errorToWire(error: unknown): WireError {
  if (error instanceof EncoderFileMissing) return { kind: 'file-missing', path: error.path };
  if (error instanceof EncoderModelInvalid) return { kind: 'model-invalid', path: error.path, reason: error.reason };
  if (error instanceof EncoderShapeMismatch) {
    return { kind: 'shape-mismatch', expected: error.expected, got: error.got };
  }
  return { kind: 'unexpected', reason: error instanceof Error ? error.message : String(error) };
}

export function errorFromWire(error: WireError): EncoderError {
  switch (error.kind) {
    case 'file-missing':
      return new EncoderFileMissing(error.path);
    case 'model-invalid':
      return new EncoderModelInvalid(error.path, error.reason);
    case 'shape-mismatch':
      return new EncoderShapeMismatch(error.expected, error.got);
    case 'unexpected':
      return new EncoderCrashed(error.reason);
  }
}

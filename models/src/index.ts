export {
  BatchingEncoder,
  type EncodeOptions,
  type Encoder,
  EncoderBusy,
  EncoderClosed,
  EncoderCrashed,
  EncoderError,
  EncoderFileMissing,
  EncoderModelInvalid,
  EncoderServiceRefused,
  EncoderServiceUnavailable,
  EncoderShapeMismatch,
  type EncoderStats,
  type LoadEncoderOptions,
  loadEncoder,
} from './encoder/index.js';
export type { Expert, ExpertName, RouteQuery, Vote } from './experts/expert.js';

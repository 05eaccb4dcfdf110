// Every setting of the recorder with its default, unit and effect.
import { z } from 'zod';

export const recorderSettingsSchema = z.strictObject({
  /** Folder of the training data: `routing/`, `performance/` and `embeddings/` lie in it. No default. */
  folder: z.string().min(1),
  /** Milliseconds between two writes. Longer: fewer rewrites of the newest file; what is not written yet stays in the stream. Default 5,000. */
  flush_ms: z.number().int().min(50).max(10_000).default(5_000),
  /** Most messages in one write. More messages than these wait in the stream. Default 1,000. */
  batch: z.number().int().min(1).max(5_000).default(1_000),
  /** Milliseconds between two samples of stream depths and presence. 0: none. Default 15,000. */
  sample_ms: z.number().int().min(0).default(15_000),
  /** Folder of the encoder; empty, `off` or `none`: no `task-embeddings.npy` is written. Default `$CORTEX_ENCODER`. */
  encoder: z.string().default(() => process.env.CORTEX_ENCODER ?? ''),
  /** Folder for vectors on disk, shared by all actors of a machine. Default: none are kept. */
  vector_folder: z.string().optional(),
  /** Texts encoded a second while tasks arrive; fifty times as many when it is quiet. More catches up sooner and slows decisions. Default 1. */
  embed_per_second: z.number().int().min(1).max(1_000).default(1),
  /** Milliseconds between two looks for texts to encode. Default 5,000. */
  embed_every_ms: z.number().int().min(50).default(5_000),
});
export type RecorderSettings = z.output<typeof recorderSettingsSchema>;
export type RecorderSettingsInput = z.input<typeof recorderSettingsSchema>;

// Every setting of the predictor with its default, unit and effect.
import { z } from 'zod';

export const predictorSettingsSchema = z.strictObject({
  /** Folder of a trained predictor (as `savePredictor` writes it), looked at every two seconds. Default none: it has no idea, and says so. */
  model_folder: z.string().optional(),
  /** Folder of the predictors of the registry (`current`, `archive` lie below it). Default none: the registry of models is not followed. */
  models_root: z.string().optional(),
  /** Folder of the keys that models must be signed with. Default none: the registry of models is not followed. */
  keys_folder: z.string().optional(),
  /** Folder of the encoder. Default `$CORTEX_ENCODER`; empty, `off` or `none`: words stand in for meaning. */
  encoder: z.string().default(() => process.env.CORTEX_ENCODER ?? ''),
  /** Folder for vectors on disk, shared by all actors of a machine. Default: none are kept. */
  vector_folder: z.string().optional(),
  /** Most asks handled together. Default 32. */
  batch: z.number().int().min(1).max(1_024).default(32),
});
export type PredictorSettings = z.output<typeof predictorSettingsSchema>;
export type PredictorSettingsInput = z.input<typeof predictorSettingsSchema>;

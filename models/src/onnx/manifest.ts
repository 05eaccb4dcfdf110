// manifest.json beside every ONNX file: what it is, for whom, how good, and answers it must still give.
// The one thing to know: inputs and outputs of the probes are stored as plain numbers, so that anyone can replay them.
import { z } from 'zod';

/** Raised when a reader of an older version could misread the file. */
export const MANIFEST_VERSION = 1;
export const MANIFEST_FILE = 'manifest.json';

/** A number is fixed, a string names a dimension that may differ on every call. */
const shape = z.array(z.union([z.number().int().nonnegative(), z.string().min(1)]));
const signature = z.object({ name: z.string().min(1), shape });
const tensor = z.object({ shape: z.array(z.number().int().nonnegative()), values: z.array(z.number()) });

export const modelManifestSchema = z.looseObject({
  format: z.literal(MANIFEST_VERSION),
  /** `router`, `success`, `anomaly`, … */
  family: z.string().min(1),
  file: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*\.onnx$/, 'must be a plain file name ending in .onnx'),
  bytes: z.number().int().positive(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  opset: z.number().int().positive(),
  inputs: z.array(signature).min(1),
  outputs: z.array(signature).min(1),
  /** Names the outputs speak of, in their order; for the router its masters. */
  labels: z.array(z.string()),
  /** Id of the encoder whose vectors it takes; null where it takes none. */
  encoder: z.string().nullable(),
  /** Length of the vectors it takes. */
  dimensions: z.number().int().positive(),
  /** Which data it learned from: the hash of the rows, and how many. */
  data: z.object({ fingerprint: z.string(), rows: z.number().int().nonnegative() }),
  metrics: z.record(z.string(), z.number().nullable()),
  createdAt: z.iso.datetime(),
  probes: z.array(z.object({ inputs: z.record(z.string(), tensor), outputs: z.record(z.string(), tensor) })).min(1),
  /** Largest difference allowed between a probe's stored and new output. */
  tolerance: z.number().positive().max(0.01),
});

export type ModelManifest = z.infer<typeof modelManifestSchema>;
export type ProbeTensor = z.infer<typeof tensor>;

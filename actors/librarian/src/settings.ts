// Every setting of the librarian with its default, unit and effect.
import { join } from 'node:path';
import { z } from 'zod';

export const librarianSettingsSchema = z.strictObject({
  /** Where the index lies. Default `$CORTEX_KNOWLEDGE`, else `knowledge-base/vectors` in `$CORTEX_HOME` (`.cortex`). */
  folder: z
    .string()
    .min(1)
    .default(
      () => process.env.CORTEX_KNOWLEDGE || join(process.env.CORTEX_HOME || '.cortex', 'knowledge-base', 'vectors'),
    ),
  /** Address of a Milvus that holds the index instead, such as `127.0.0.1:19530`. Default `$MILVUS_URL`; empty: the embedded store. */
  milvus: z.string().default(() => process.env.MILVUS_URL ?? ''),
  /** Folder of the encoder. Default `$CORTEX_ENCODER`; empty, `off` or `none`: words alone. */
  encoder: z.string().default(() => process.env.CORTEX_ENCODER ?? ''),
  /** Folder for vectors on disk, shared by all actors of a machine. Default: none are kept. */
  vector_folder: z.string().optional(),
  /** Root of the versions of the family `encoder` on this machine, `embeddings/code` of the models. Default: none are followed. */
  models_root: z.string().optional(),
  /** Folder of the keys whose versions are trusted. Default: none are followed. */
  keys_folder: z.string().optional(),
  /** Answers kept for the same question over an unchanged index. Default 256; 0 keeps none. */
  cache: z.number().int().min(0).max(100_000).default(256),
  /** Whether outcomes become patterns. Default true. */
  patterns: z.boolean().default(true),
  /** Most asks handled together. Default 8. */
  batch: z.number().int().min(1).max(1_024).default(8),
});
export type LibrarianSettings = z.output<typeof librarianSettingsSchema>;
export type LibrarianSettingsInput = z.input<typeof librarianSettingsSchema>;

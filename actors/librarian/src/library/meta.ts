// What an index must know of itself beside its rows: which encoder made its vectors, and how words and meaning weigh in each collection.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { COLLECTIONS, type Collection } from '@cortex/schemas';
import { z } from 'zod';

const weightSchema = z.looseObject({
  weight: z.number().min(0).max(1),
  questions: z.number(),
  /** Passages there were when it was tuned. */
  passages: z.number().default(0),
  tried: z.array(z.object({ weight: z.number(), mrr: z.number() })).default([]),
});
const metaSchema = z.looseObject({
  encoder: z.string().optional(),
  dimensions: z.number().int().positive().optional(),
  weights: z.partialRecord(z.enum(COLLECTIONS), weightSchema).default({}),
});
export type LibraryMeta = z.output<typeof metaSchema>;
export type CollectionWeight = z.output<typeof weightSchema>;

const NAME = 'library.json';

/** A missing or damaged file is an empty one: all of it can be learnt again. */
export function readMeta(folder: string): LibraryMeta {
  try {
    return metaSchema.parse(JSON.parse(readFileSync(join(folder, NAME), 'utf8')));
  } catch {
    return { weights: {} };
  }
}

export function writeMeta(folder: string, change: (meta: LibraryMeta) => LibraryMeta): LibraryMeta {
  mkdirSync(folder, { recursive: true });
  const next = change(readMeta(folder));
  const aside = join(folder, `.${NAME}.${process.pid}`);
  writeFileSync(aside, `${JSON.stringify(next, null, 2)}\n`);
  renameSync(aside, join(folder, NAME));
  return next;
}

export const weightOf = (meta: LibraryMeta, collection: Collection): number => meta.weights[collection]?.weight ?? 0.5;

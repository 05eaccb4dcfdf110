// Every setting of the router with its default, unit and effect, in one schema.
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

/** `$CORTEX_CACHE`, else `$XDG_CACHE_HOME/cortex`, else `~/.cache/cortex`. */
function defaultCacheFolder(): string {
  if (process.env.CORTEX_CACHE) return process.env.CORTEX_CACHE;
  if (process.env.XDG_CACHE_HOME) return join(process.env.XDG_CACHE_HOME, 'cortex');
  return join(homedir(), '.cache', 'cortex');
}

export const routerSettingsSchema = z.strictObject({
  encoder: z
    .string()
    .default(() => process.env.CORTEX_ENCODER ?? '')
    .describe(
      'Folder with `model.onnx` and `tokenizer.json`. Default: `$CORTEX_ENCODER`. Empty or `off`: rules and words alone serve.',
    ),
  batch: z
    .number()
    .int()
    .min(1)
    .max(1_024)
    .default(32)
    .describe('Most asks handled together. Default 32. More gives throughput, fewer gives even latency.'),
  concurrency: z
    .number()
    .int()
    .min(1)
    .max(64)
    .default(4)
    .describe('Batches handled at once. Default 4: while one waits for the encoder, quick ones overtake it.'),
  early_exit: z
    .boolean()
    .default(true)
    .describe('Answer from rules and words alone where they are sure enough. Default true. Off: every ask is encoded.'),
  model_folder: z
    .string()
    .optional()
    .describe('Folder of a trained router. Default none: one is built from the registry. Looked at every 2 seconds.'),
  models_root: z
    .string()
    .optional()
    .describe(
      'Folder of the routers of the registry: `current`, `staging`, `shadow`, `archive` lie below it. Default none: the registry of models is not followed.',
    ),
  keys_folder: z
    .string()
    .optional()
    .describe(
      'Folder of the keys that models must be signed with. Default none: the registry of models is not followed.',
    ),
  patience_ms: z
    .number()
    .min(0)
    .max(10_000)
    .default(50)
    .describe(
      'Milliseconds an answer waits for a challenger or a shadow once the champion has answered, five times that where the champion stands in for the challenger. Default 50. More compares more, fewer keeps trials cheaper.',
    ),
  cache_folder: z
    .string()
    .default(defaultCacheFolder)
    .describe(
      'Where vectors and built models are kept, shared by all routers of the machine. Default `~/.cache/cortex`.',
    ),
  remembered: z
    .number()
    .int()
    .min(0)
    .max(1_000_000)
    .default(10_000)
    .describe('Decisions kept for identical texts. Default 10,000 (about 2 kB each). 0 remembers none.'),
  debounce_ms: z
    .number()
    .min(0)
    .max(60_000)
    .default(200)
    .describe('Milliseconds without a change of the registry before the model is built anew. Default 200.'),
  answer_margin_ms: z
    .number()
    .min(0)
    .max(10_000)
    .default(5)
    .describe('Milliseconds before its deadline at which an ask is answered with what is there. Default 5.'),
  sure: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .describe('Confidence below which a person should be asked, while no trained threshold is there. Default 0.5.'),
});
export type RouterSettings = z.output<typeof routerSettingsSchema>;
export type RouterSettingsInput = z.input<typeof routerSettingsSchema>;

// Masters as the registry keeps them (KV bucket `masters`, key = escaped name).
import { z } from 'zod';
import { masterNameSchema, momentSchema } from './task.js';

export const MASTER_STATUSES = ['active', 'paused'] as const;
export const masterSchema = z
  .looseObject({
    name: masterNameSchema,
    description: z
      .string()
      .max(8_192)
      .default('')
      .describe('What kind of work it owns, in words; the router reads it.'),
    examples: z.array(z.string().min(1).max(32_768)).max(10_000).default([]).describe('Tasks it should get.'),
    keywords: z.array(z.string().min(1).max(128)).max(1_000).default([]).describe('Words that point to it.'),
    patterns: z
      .array(z.string().min(1).max(512))
      .max(200)
      .default([])
      .describe('Regular expressions (RE2 syntax, case-insensitive) that point to it.'),
    aliases: z.array(masterNameSchema).max(50).default([]).describe('Further names.'),
    capabilities: z.array(z.string().max(128)).max(200).default([]),
    limits: z
      .looseObject({
        concurrency: z
          .number()
          .int()
          .positive()
          .optional()
          .describe('Most tasks of each priority that its workers have at once; the others wait in the log.'),
      })
      .default({}),
    status: z.enum(MASTER_STATUSES).default('active').describe('A paused master is not chosen; what it has, it keeps.'),
    updated_at: momentSchema.optional(),
  })
  .describe('An owner of a kind of work.');
export type MasterInput = z.input<typeof masterSchema>;
export type Master = z.infer<typeof masterSchema>;

// Tasks as anyone may publish them, and the vocabulary of a task's life.
import { z } from 'zod';
import { MAX_NAME_LENGTH } from './names.js';

/** Longest task text, in UTF-16 code units (what JavaScript, Java and C# count). */
export const MAX_TEXT_LENGTH = 32_768;
export const MAX_ID_LENGTH = 512;

export const PRIORITIES = ['critical', 'high', 'medium', 'low'] as const;
export const prioritySchema = z
  .enum(PRIORITIES)
  .describe('Order of delivery: critical first; the others keep a share.');
export type Priority = z.infer<typeof prioritySchema>;
export const DEFAULT_PRIORITY: Priority = 'medium';

export const LOG_STEPS = ['admitted', 'decided', 'settled', 'cancelled', 'corrected', 'escalated', 'expired'] as const;
export const logStepSchema = z.enum(LOG_STEPS).describe("A step of a task's life.");
export type LogStep = z.infer<typeof logStepSchema>;

/** A moment: RFC 3339, with `Z` or an offset. */
export const momentSchema = z.iso.datetime({ offset: true }).describe('RFC 3339 date-time, Z or offset.');

export const masterNameSchema = z
  .string()
  .trim()
  .min(1)
  .max(MAX_NAME_LENGTH)
  .describe('Name of a master; `x` and `x-master` are the same.');

export const taskIdSchema = z
  .string()
  .min(1)
  .max(MAX_ID_LENGTH)
  .describe('The same id twice is one task, for ever. Made by the system when missing.');

export const taskSchema = z
  .looseObject({
    id: taskIdSchema.optional(),
    text: z
      .string()
      .max(MAX_TEXT_LENGTH)
      .refine((text) => text.trim() !== '', 'must say what is to be done, it is empty')
      .describe(`What is to be done, in words; at most ${MAX_TEXT_LENGTH} characters.`),
    title: z.string().max(1_024).optional().describe('A short name for people.'),
    priority: prioritySchema.optional().describe('Default: medium.'),
    source: z.string().max(256).optional().describe('Where the task comes from, such as github.'),
    repository: z.string().max(512).optional().describe('The repository it is about, such as acme/payments.'),
    labels: z.record(z.string(), z.string()).optional().describe('Free labels, such as {"team": "core"}.'),
    deadline: momentSchema.optional().describe('After this moment the task expires if it is not done.'),
    budget: z
      .looseObject({
        tokens: z.number().nonnegative().optional().describe('Most LLM tokens to spend.'),
        minutes: z.number().nonnegative().optional().describe('Most minutes of work.'),
      })
      .optional(),
    master: masterNameSchema.optional().describe('Pins the task to this master; the decision is still recorded.'),
  })
  .describe('A piece of work somebody wants done.');
export type TaskInput = z.infer<typeof taskSchema>;
/** A task after admission: it has an id and a priority. */
export type Task = TaskInput & { id: string; priority: Priority };

export const cancelSchema = z
  .looseObject({
    task: taskIdSchema.describe('Id of the task to cancel.'),
    reason: z.string().max(4_096).optional(),
    by: z.string().max(256).optional().describe('Who cancels.'),
  })
  .describe('Cancels a task that is not settled yet.');
export type Cancel = z.infer<typeof cancelSchema>;

// How a task went, as a worker or whoever learns of it claims.
import { z } from 'zod';
import { masterNameSchema, momentSchema, taskIdSchema } from './task.js';

export const OUTCOME_STATUSES = ['completed', 'failed', 'cancelled', 'expired'] as const;
export const outcomeStatusSchema = z.enum(OUTCOME_STATUSES);
export type OutcomeStatus = z.infer<typeof outcomeStatusSchema>;

export const outcomeSchema = z
  .looseObject({
    task: taskIdSchema,
    status: outcomeStatusSchema,
    master: masterNameSchema.optional().describe('The master the worker belongs to.'),
    worker: z.string().max(128).optional(),
    attempt: z
      .number()
      .int()
      .positive()
      .optional()
      .describe(
        'Delivery count of the work message: the fence. A claim of an earlier attempt than the current is refused.',
      ),
    success: z.boolean().optional().describe('Whether the goal was reached; default: status is completed.'),
    correct_master: masterNameSchema
      .nullable()
      .optional()
      .describe("A person's or a master's correction: the strongest label."),
    minutes: z.number().nonnegative().optional(),
    tokens: z.number().nonnegative().optional(),
    cost_usd: z.number().nonnegative().optional(),
    quality: z.number().min(0).max(1).optional().describe('0 to 1.'),
    error: z.string().nullable().optional(),
    evidence: z
      .array(z.looseObject({ kind: z.string(), ref: z.string().optional(), sha256: z.string().optional() }))
      .optional()
      .describe('What shows that work was done.'),
    prompt: z.string().optional().describe('Prompt version, such as fix-bug@4.'),
    finished_at: momentSchema.optional(),
    revision: z
      .number()
      .int()
      .positive()
      .optional()
      .describe('Revision of the decision the work was done under; a further fence.'),
  })
  .describe('How a task went. Applied once per task.');
export type Outcome = z.infer<typeof outcomeSchema>;

export const attemptSchema = z
  .looseObject({
    task: taskIdSchema,
    status: z.literal('started'),
    attempt: z.number().int().positive(),
    worker: z.string().max(128).optional(),
    master: masterNameSchema.optional(),
    revision: z.number().int().positive().optional(),
  })
  .describe(
    'A worker announces that it holds a task which another one lost: claims of earlier attempts are refused from here on.',
  );
export type Attempt = z.infer<typeof attemptSchema>;

// What workers remember (KV bucket `memory`): per task for as long as it runs, per master for as long as it is of use.
import { z } from 'zod';
import { trustSchema } from './librarian.js';
import { masterNameSchema, momentSchema, taskIdSchema } from './task.js';

export const NOTE_KINDS = ['plan', 'found', 'answer', 'problem', 'reflection', 'subtask'] as const;

export const noteSchema = z.looseObject({
  at: momentSchema,
  kind: z.enum(NOTE_KINDS),
  text: z.string(),
  tokens: z.number().int().nonnegative(),
});
export type Note = z.infer<typeof noteSchema>;

export const taskMemorySchema = z
  .looseObject({
    task: taskIdSchema,
    master: masterNameSchema,
    revision: z.number().int().optional().describe('Decision it belongs to; a new decision starts afresh.'),
    notes: z.array(noteSchema),
    summary: z.string().default('').describe('What older notes came to, when they outgrew the budget.'),
    summarised: z.number().int().nonnegative().default(0).describe('Notes that went into the summary.'),
    spent: z
      .looseObject({
        input: z.number().nonnegative(),
        output: z.number().nonnegative(),
        reserved: z.number().nonnegative(),
      })
      .default({ input: 0, output: 0, reserved: 0 })
      .describe('Tokens of this task over all attempts; reserved: promised to calls that are under way.'),
    subtasks: z.array(z.string()).default([]),
    result: z
      .record(z.string(), z.unknown())
      .optional()
      .describe('The finished result, so that nothing is paid twice.'),
    updated_at: momentSchema,
  })
  .describe('Short-term memory of one task: survives the worker that wrote it.');
export type TaskMemory = z.infer<typeof taskMemorySchema>;

export const lessonSchema = z
  .looseObject({
    id: z.string().min(1).max(64),
    key: z.string().min(1).max(256).describe('What it is about; a correction of the same key supersedes it.'),
    master: masterNameSchema,
    shared: z.boolean().default(false).describe('False: only workers of this master read it.'),
    task: taskIdSchema.optional(),
    task_type: z.string().max(64),
    about: z.string().max(2_048).describe('The task it comes from, shortened.'),
    lesson: z.string().min(1).max(4_096),
    worked: z.boolean(),
    source: z.enum(['outcome', 'reflection', 'correction', 'person']),
    trust: trustSchema,
    vector: z.string().optional().describe('Meaning of `about`, as base64 of 8-bit integers.'),
    encoder: z.string().optional().describe('Encoder the vector comes from; others cannot read it.'),
    used: z.number().int().nonnegative().default(0),
    useful: z.number().int().nonnegative().default(0).describe('Times it was there when a task succeeded.'),
    useless: z.number().int().nonnegative().default(0).describe('Times it was there when a task failed.'),
    proven: z.boolean().default(false).describe('It has been there at enough successes to be shared.'),
    shared_by: z.literal('person').optional().describe('A person shared it: that needs no proof by outcomes.'),
    superseded_by: z.string().optional(),
    learned_at: momentSchema,
    confirmed_at: momentSchema.describe('When it last proved useful: what is not confirmed fades.'),
  })
  .describe('Long-term memory: a lesson from an outcome.');
export type Lesson = z.infer<typeof lessonSchema>;

export const spendingSchema = z
  .looseObject({
    key: z.string(),
    used: z.number().nonnegative().describe('Tokens spent.'),
    reserved: z.record(z.string(), z.number().nonnegative()).describe('Tokens promised to calls under way, by call.'),
    cost_usd: z.number().nonnegative().default(0),
    updated_at: momentSchema,
  })
  .describe('Tokens of a master or of everybody on one day.');
export type Spending = z.infer<typeof spendingSchema>;

export const trackRecordSchema = z
  .looseObject({
    master: masterNameSchema,
    task_type: z.string(),
    tasks: z.number().int().nonnegative(),
    succeeded: z.number().int().nonnegative(),
    tokens: z.number().nonnegative(),
    minutes: z.number().nonnegative(),
    problems: z.record(z.string(), z.number().int().nonnegative()).default({}).describe('What went wrong, by class.'),
  })
  .describe("A master's history with one kind of work.");
export type TrackRecord = z.infer<typeof trackRecordSchema>;

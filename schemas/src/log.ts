// The log: one record per step of a task's life. Each record is complete enough that the last one alone tells the state.
import { z } from 'zod';
import { decisionSchema } from './decision.js';
import { outcomeSchema } from './outcome.js';
import { logStepSchema, masterNameSchema, momentSchema, prioritySchema, taskIdSchema } from './task.js';

export const logTaskSchema = z
  .looseObject({ id: taskIdSchema, priority: prioritySchema, text: z.string().optional() })
  .describe('The task. Whole until settled; afterwards without its text, which its decided record keeps.');

export const correctionSchema = z.looseObject({
  master: masterNameSchema.describe('Where the task should have gone.'),
  by: z.string().optional().describe('Who says so.'),
  at: momentSchema.optional(),
});
export type Correction = z.infer<typeof correctionSchema>;

export const logRecordSchema = z
  .looseObject({
    record: z
      .string()
      .min(1)
      .describe('Id of this append attempt: tells a writer whose record won after a lost acknowledgement.'),
    step: logStepSchema,
    cause: z
      .string()
      .optional()
      .describe('Message that caused it, as STREAM:sequence: a redelivery of it changes nothing.'),
    revision: z.number().int().positive().describe('Counts the records of this task, from 1.'),
    at: momentSchema,
    by: z.string().describe('Instance that appended it.'),
    task: logTaskSchema,
    decision: decisionSchema.optional().describe('The decision in force.'),
    decided_revision: z
      .number()
      .int()
      .positive()
      .optional()
      .describe('Revision of the record that carries the decision in force.'),
    outcome: outcomeSchema.optional().describe('On settled: the claim that was accepted.'),
    correction: correctionSchema.optional().describe('The latest correction.'),
    reason: z.string().optional().describe('Why it was cancelled, escalated or expired.'),
    attempts: z.number().int().nonnegative().optional().describe('Highest delivery count seen in a claim.'),
    text_sha256: z.string().optional().describe('Hash of the text, when the record leaves it out.'),
    settled_as: z.enum(['settled', 'cancelled', 'expired']).optional().describe('Set once the task is at its end.'),
  })
  .describe("One step of a task's life.");
export type LogRecord = z.infer<typeof logRecordSchema>;
/** A record before it is appended: everything but what the append itself adds. */
export type NewLogRecord = Pick<
  LogRecord,
  | 'step'
  | 'cause'
  | 'task'
  | 'decision'
  | 'decided_revision'
  | 'outcome'
  | 'correction'
  | 'reason'
  | 'attempts'
  | 'text_sha256'
  | 'settled_as'
>;
export type LogTask = z.infer<typeof logTaskSchema>;

export const workSchema = z
  .looseObject({
    task: logTaskSchema.extend({ text: z.string() }),
    decision: decisionSchema,
    revision: z.number().int().positive().optional(),
  })
  .describe('What a worker pulls: the task and the decision that sent it (a `decided` record of the log).');
export type Work = z.infer<typeof workSchema>;

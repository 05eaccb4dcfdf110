// Reviews: where a person is asked, and what the person answers. Model events and dead letters: what people look at.
import { z } from 'zod';
import { probabilitiesSchema } from './decision.js';
import { masterNameSchema, momentSchema, taskIdSchema } from './task.js';

export const reviewRequestSchema = z
  .looseObject({
    id: z.string().min(1),
    kind: z.string().describe('routing, budget, intervention, model, worker or a further kind.'),
    question: z.string(),
    task: taskIdSchema.optional(),
    candidates: z.array(masterNameSchema).optional(),
    probabilities: probabilitiesSchema.optional(),
    context: z.record(z.string(), z.unknown()).optional(),
    asked_by: z.string(),
    asked_at: momentSchema,
    deadline: momentSchema.optional(),
    default: z.string().optional().describe('What happens if nobody answers.'),
    choices: z
      .array(z.string().trim().min(1).max(64))
      .min(1)
      .max(9)
      .optional()
      .describe('The words that may be answered, small and large letters alike. Default: any.'),
  })
  .describe('A question to a person.');
export type ReviewRequest = z.infer<typeof reviewRequestSchema>;

/** How the ids of workers' questions begin: they are answered to the worker, and say nothing of where a task belongs. */
export const WORKER_QUESTION = 'ask-';

/** The word of a question that an answer chooses, as the question writes it; undefined when it chooses none of them. */
export function choiceOf({ choices }: Pick<ReviewRequest, 'choices'>, word: string): string | undefined {
  const meant = word.trim().toLowerCase();
  return choices === undefined ? word.trim() : choices.find((choice) => choice.trim().toLowerCase() === meant);
}

export const reviewAnswerSchema = z
  .looseObject({
    review: z.string().optional().describe('Id of the request; left out when a person corrects unasked.'),
    task: taskIdSchema.optional(),
    master: masterNameSchema.optional().describe('The right master, for questions of routing.'),
    answer: z.string().optional().describe('approve, reject, retry or a word of the question.'),
    by: z.string().optional(),
    at: momentSchema.optional(),
    comment: z.string().optional(),
    if_revision: z.number().int().positive().optional().describe('Counts only while this decision is in force.'),
    avoid: masterNameSchema.optional().describe('With "retry": decided anew without this master, where another fits.'),
    default: z.boolean().optional().describe('Nobody answered, this is the default: no label.'),
  })
  .refine((a) => a.review !== undefined || a.task !== undefined, 'needs review or task')
  .describe("A person's answer.");
export type ReviewAnswer = z.infer<typeof reviewAnswerSchema>;

export const modelEventSchema = z
  .looseObject({
    family: z.string(),
    event: z.string().describe('trained, promoted, rolled-back, shadow, canary…'),
    version: z.string().optional(),
    at: momentSchema,
    by: z.string().optional(),
    reason: z.string().optional(),
  })
  .describe('Something happened to a model.');
export type ModelEvent = z.infer<typeof modelEventSchema>;

const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/, 'is 64 hexadecimal digits');

export const modelVersionSchema = z
  .looseObject({
    family: z.string(),
    version: z.number().int().positive(),
    name: z.string().describe('Family and version, such as router@7.'),
    digest: sha256Schema.describe('sha256 over the sorted list of files with their hashes.'),
    files: z
      .array(
        z.object({ path: z.string().min(1).max(512), bytes: z.number().int().nonnegative(), sha256: sha256Schema }),
      )
      .min(1)
      .max(10_000),
    metrics: z.record(z.string(), z.number().nullable()).describe('null: could not be measured.'),
    data: z.object({ fingerprint: z.string(), rows: z.number() }).optional(),
    code: z.string().optional().describe('Version of the program that trained it.'),
    seed: z.number().optional(),
    hardware: z.string().optional(),
    parent: z.string().optional().describe('The version it was trained to better.'),
    audit: z
      .looseObject({})
      .optional()
      .describe('What was found out before it served: off-policy estimates, fairness.'),
    curves: z
      .record(z.string().max(64), z.array(z.tuple([z.number(), z.number()])).max(200))
      .optional()
      .describe('How the training went, such as its loss: pairs of epoch and value, by name.'),
    created_at: momentSchema,
    by: z.string(),
    signature: z.string().describe('ed25519 over the manifest without this field, keys sorted; base64.'),
    key_id: z.string().describe('First 16 hexadecimal digits of the sha256 of the public key.'),
  })
  .describe('The manifest of a published model.');

export const deadLetterSchema = z
  .looseObject({
    id: z.string().describe('The same original message gives the same id: it is stored once.'),
    stream: z.string().describe('Stream the message was in.'),
    subject: z.string(),
    sequence: z.number().int().nonnegative().describe('Stream sequence of the original.'),
    consumer: z.string().optional(),
    reason: z.string().describe('Why it was given up, naming the field.'),
    error: z.string().optional().describe("The error's class."),
    attempts: z.number().int().nonnegative(),
    at: momentSchema,
    by: z.string(),
    trace_id: z.string().optional(),
    headers: z.record(z.string(), z.array(z.string())).describe('Headers of the original.'),
    payload: z.string().describe('The original payload, base64.'),
    truncated: z.boolean().optional().describe('True when the payload was too large to keep whole.'),
  })
  .describe('A message that could not be processed.');
export type DeadLetter = z.infer<typeof deadLetterSchema>;

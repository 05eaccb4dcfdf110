// Work for trainers: a training, one trial of a hyper-parameter search, and what is known of both while they run.
// The one thing to know: a job message says what is wanted; where it stands is a document in the bucket `trials`, changed by compare-and-set.
import { z } from 'zod';
import { momentSchema } from './task.js';

const jobId = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/,
    'must be 1 to 100 letters, digits, "-" or "_", beginning with a letter or digit',
  );

export const trainJobSchema = z
  .looseObject({
    id: jobId.describe('The same id twice is one job.'),
    family: z
      .string()
      .min(1)
      .max(64)
      .describe('router, or predictor (success, minutes, tokens, complexity), anomaly, forecast.'),
    reason: z.string().max(1_000).describe('Why it was asked for: a schedule, drift, new labels, a person.'),
    seed: z.number().int().nonnegative().default(1),
    options: z
      .looseObject({
        neural: z.boolean().optional().describe('Train the network into the ensemble too.'),
        encoder: z.boolean().optional().describe('false: words alone.'),
        tune: z
          .number()
          .int()
          .min(0)
          .max(1_000)
          .optional()
          .describe('Trials of a hyper-parameter search before the training.'),
        drifted: z
          .boolean()
          .optional()
          .describe('Drift asked for it: older rows of masters whose work changed may be forgotten.'),
        training: z.record(z.string(), z.number()).optional().describe("The network's hyper-parameters."),
        announce: z
          .boolean()
          .optional()
          .describe(
            'false: the version is published without the event `trained`, so that nobody tries it out by itself.',
          ),
      })
      .default({}),
    requested_by: z.string().max(200),
    at: momentSchema,
  })
  .describe('A model family is to be trained.');
export type TrainJob = z.output<typeof trainJobSchema>;
export type TrainJobInput = z.input<typeof trainJobSchema>;

export const trialJobSchema = z
  .looseObject({
    search: jobId.describe('The job whose search it belongs to.'),
    number: z.number().int().nonnegative(),
    at: momentSchema,
  })
  .describe('One trial of a hyper-parameter search; its values lie in the bucket `trials`.');
export type TrialJob = z.output<typeof trialJobSchema>;

export const JOB_STATES = ['queued', 'running', 'done', 'failed', 'cancelled'] as const;
export const jobStateSchema = z
  .looseObject({
    job: trainJobSchema,
    state: z.enum(JOB_STATES),
    stage: z.string().optional().describe('What is being done, such as collecting or training.'),
    share: z.number().min(0).max(1).optional().describe('Of the stage.'),
    by: z.string().optional().describe('The trainer that has it.'),
    attempt: z.number().int().nonnegative().optional().describe('How often it was begun.'),
    until: z
      .number()
      .int()
      .nonnegative()
      .optional()
      .describe('Last sequence of LOG that counts: a job begun again sees the same rows.'),
    version: z.string().optional().describe('What came out of it.'),
    error: z.string().optional(),
    report: z.record(z.string(), z.unknown()).optional().describe('Rows, labels, what was dropped, metrics.'),
    at: momentSchema,
  })
  .describe('Where a training stands.');
export type JobState = z.output<typeof jobStateSchema>;

export const TRIAL_STATES = ['asked', 'running', 'done', 'stopped', 'failed'] as const;
export const trialStateSchema = z
  .looseObject({
    number: z.number().int().nonnegative(),
    params: z.record(z.string(), z.number()),
    state: z.enum(TRIAL_STATES),
    by: z.string().optional(),
    values: z.array(z.number()).describe('Held-out loss after each pass.'),
    best: z.number().optional().describe('The least of them.'),
    error: z.string().optional(),
    at: momentSchema,
  })
  .describe('One trial of a hyper-parameter search.');
export type TrialState = z.output<typeof trialStateSchema>;

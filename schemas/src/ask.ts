// Asks: what the coordinator asks the router and the predictor, under a deadline, and what they answer.
import { z } from 'zod';
import {
  armSchema,
  expertVoteSchema,
  otherArmSchema,
  predictionSchema,
  probabilitiesSchema,
  probabilitySchema,
} from './decision.js';
import { logTaskSchema } from './log.js';
import { masterNameSchema } from './task.js';

export const routeAskSchema = z
  .looseObject({
    task: logTaskSchema.extend({ text: z.string() }),
    arm: armSchema.default('champion'),
    model: z
      .string()
      .optional()
      .describe('The version that the arm means, such as router@8; default: as the router knows it.'),
    alias_revision: z.number().int().optional().describe('Revision of the aliases by which the arm was chosen.'),
    masters: z.array(masterNameSchema).optional().describe('Masters that may be chosen; default: all active.'),
  })
  .describe('Which master should get this task?');
export type RouteAsk = z.infer<typeof routeAskSchema>;

export const routeAnswerSchema = z
  .looseObject({
    probabilities: probabilitiesSchema.describe('Calibrated.'),
    confidence: probabilitySchema,
    candidates: z.array(masterNameSchema),
    scope: probabilitySchema.describe('Probability that some master fits at all.'),
    abstain: z.boolean().describe('True when a person should be asked.'),
    experts: z.array(expertVoteSchema),
    exit: z.string().optional().describe('Stage of the cascade at which it was sure enough.'),
    models: z.record(z.string(), z.string()),
    arm: armSchema.optional().describe('Who answered; the champion when the arm that was asked could not.'),
    arm_failure: z.string().optional().describe('Why the arm that was asked did not answer.'),
    others: z.array(otherArmSchema).optional().describe('What the other arms said of the same task.'),
    explanation: z.array(z.string()),
  })
  .describe("The router's answer.");
export type RouteAnswer = z.infer<typeof routeAnswerSchema>;

export const predictAskSchema = z
  .looseObject({ task: logTaskSchema.extend({ text: z.string() }), masters: z.array(masterNameSchema).min(1) })
  .describe('How would this task go with each of these masters?');
export type PredictAsk = z.infer<typeof predictAskSchema>;

export const predictAnswerSchema = z
  .looseObject({ predictions: z.record(z.string(), predictionSchema), models: z.record(z.string(), z.string()) })
  .describe("The predictor's answer, per master.");
export type PredictAnswer = z.infer<typeof predictAnswerSchema>;

export const askErrorSchema = z.looseObject({ error: z.string(), code: z.string() }).describe('An ask that failed.');

export const timerSchema = z
  .looseObject({ task: z.string(), due: z.iso.datetime({ offset: true }) })
  .describe('Wakes a coordinator at the deadline of a task.');
export type Timer = z.infer<typeof timerSchema>;

/**
 * The server's advisories about one delivery of a message: it was the last that its consumer allows (JetStream `max_deliver`), or it was given
 * back (`nak`). `deliveries` counts from 1.
 */
export const deliveryAdvisorySchema = z.looseObject({
  stream: z.string(),
  consumer: z.string(),
  stream_seq: z.number().int().positive(),
  deliveries: z.number().int().positive(),
});

// The decision: which master gets a task, why, and with what odds.
import { z } from 'zod';
import { masterNameSchema, momentSchema, taskIdSchema } from './task.js';

export const probabilitySchema = z.number().min(0).max(1);
export const probabilitiesSchema = z.record(z.string(), probabilitySchema).describe('Probability per master, 0 to 1.');

export const METHODS = ['ensemble', 'rule', 'fallback', 'pinned', 'explore', 'human'] as const;
export const methodSchema = z.enum(METHODS).describe('How the master was chosen.');
export type Method = z.infer<typeof methodSchema>;

export const ARMS = ['champion', 'challenger', 'shadow'] as const;
export const armSchema = z.enum(ARMS).describe('Which model decided: the one that serves, or the one on trial.');
export type Arm = z.infer<typeof armSchema>;

export const expertVoteSchema = z.looseObject({
  name: z.string().describe('rule, lexical, neural, retrieval or a further expert.'),
  probabilities: probabilitiesSchema,
  latency_ms: z.number().nonnegative().describe('Milliseconds this expert took.'),
  abstained: z.boolean().describe('True when it had nothing to say.'),
  weight: z.number().optional().describe('Its weight in the ensemble for this task.'),
  evidence: z.array(z.string()).optional().describe('What it saw, in words.'),
});
export type ExpertVote = z.infer<typeof expertVoteSchema>;

export const quantilesSchema = z.looseObject({ p50: z.number().nonnegative(), p90: z.number().nonnegative() });

export const predictionSchema = z.looseObject({
  success: probabilitySchema
    .nullable()
    .optional()
    .describe('Probability that the master succeeds; null means no idea.'),
  minutes: quantilesSchema.optional().describe('Minutes of work: median and 90th percentile.'),
  tokens: quantilesSchema.optional().describe('LLM tokens: median and 90th percentile.'),
  complexity: z.number().optional().describe('Estimated complexity, in the unit of its training rows.'),
});
export type Prediction = z.infer<typeof predictionSchema>;

export const otherArmSchema = z
  .looseObject({
    arm: armSchema,
    model: z.string().describe('The version that was asked, such as router@8.'),
    master: masterNameSchema.optional().describe('Whom it thinks best; absent when it failed or knows nobody.'),
    confidence: probabilitySchema.optional(),
    abstain: z.boolean().optional().describe('True when it would have asked a person.'),
    latency_ms: z.number().nonnegative().describe('Milliseconds until its answer was there.'),
    error: z.string().optional().describe('Why it has no answer: it failed, was late, or is paused for being slow.'),
  })
  .describe('What a model that did not decide said of the same task.');
export type OtherArm = z.infer<typeof otherArmSchema>;

export const decisionSchema = z
  .looseObject({
    task: taskIdSchema,
    master: masterNameSchema,
    confidence: probabilitySchema.describe('Calibrated: of decisions at 0.9, nine in ten are right.'),
    probabilities: probabilitiesSchema,
    experts: z.array(expertVoteSchema).describe('Every vote.'),
    method: methodSchema,
    propensity: probabilitySchema.describe('Probability with which this master was drawn; 1 without exploration.'),
    candidates: z
      .array(masterNameSchema)
      .describe('Conformal set: holds the right master at the configured rate (0.9).'),
    prediction: predictionSchema.optional(),
    models: z.record(z.string(), z.string()).describe('Model versions used, such as {"router": "router@7"}.'),
    arm: armSchema,
    assigned: armSchema
      .optional()
      .describe(
        'The arm that the split gave the task; differs from `arm` when that one failed and the champion decided.',
      ),
    arm_failure: z.string().optional().describe('Why the assigned arm did not decide.'),
    alias_revision: z.number().int().optional().describe('Revision of the aliases by which the arm was chosen.'),
    others: z.array(otherArmSchema).optional().describe('What the other arms said of the same task.'),
    explanation: z.array(z.string()).describe('Why, in words a person understands.'),
    latency_ms: z.number().nonnegative().describe('Milliseconds from receipt to decision.'),
    decided_at: momentSchema,
    review: z.string().optional().describe('Id of the review asked for, when the system was unsure.'),
    trace_id: z.string().optional().describe('W3C trace id, 32 hexadecimal digits.'),
  })
  .describe('Which master gets a task, and why.');
export type Decision = z.infer<typeof decisionSchema>;

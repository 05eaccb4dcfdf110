// Messages about the fleet: telemetry, presence, alerts, actions, forecasts.
import { z } from 'zod';
import { masterNameSchema, momentSchema, taskIdSchema } from './task.js';

export const telemetrySchema = z
  .looseObject({
    worker: z.string().min(1).max(128),
    master: masterNameSchema,
    at: momentSchema,
    status: z.string().max(64).describe('idle, busy, draining, or a word of the worker.'),
    task: taskIdSchema.optional().describe('What it is working on.'),
    gauges: z.record(z.string(), z.number()).describe('Free names, such as cpu (0 to 1), memory_mb, tokens.'),
    capabilities: z
      .array(z.string().min(1).max(128))
      .max(50)
      .optional()
      .describe('What it can do, in words, one thing each: work that nobody owns is proposed to who says so.'),
    asking: z.array(taskIdSchema).optional().describe('Which of its tasks wait for the answer of a person.'),
  })
  .describe("A worker's heartbeat and gauges.");
export type Telemetry = z.infer<typeof telemetrySchema>;

export const ACTOR_STATES = ['created', 'starting', 'ready', 'degraded', 'draining', 'stopped', 'failed'] as const;
export const presenceSchema = z
  .looseObject({
    actor: z.string(),
    instance: z.string(),
    state: z.enum(ACTOR_STATES),
    at: momentSchema,
    detail: z.string().optional().describe('What is missing when degraded.'),
    answers: z
      .boolean()
      .optional()
      .describe('False: it has nothing to say to asks for now, so nobody needs to ask it. Default: true.'),
  })
  .describe('Sent by every actor each second on a core subject; not stored.');
export type Presence = z.infer<typeof presenceSchema>;

export const SEVERITIES = ['info', 'warning', 'critical'] as const;
export const alertSchema = z
  .looseObject({
    id: z.string(),
    severity: z.enum(SEVERITIES),
    kind: z.string().describe('Kind of fault, such as no-heartbeat.'),
    summary: z.string(),
    at: momentSchema,
    master: masterNameSchema.optional(),
    worker: z.string().optional(),
    task: taskIdSchema.optional(),
    evidence: z.record(z.string(), z.unknown()).optional(),
    action: z.string().optional().describe('What was done about it.'),
    status: z
      .enum(['firing', 'resolved'])
      .optional()
      .describe('The same id comes again when it got worse, was acted on, or is over. Default: firing.'),
    cause: z.string().optional().describe('What probably made it.'),
    actor: z.string().optional(),
    group: z.string().optional().describe('Alerts of one kind and master; many of them are folded into one.'),
    count: z.number().int().positive().optional().describe('Times it was found since it opened.'),
    starts_at: momentSchema.optional().describe('When the alert opened.'),
    since: momentSchema.optional().describe('When the fault began, as far as can be told.'),
    ends_at: momentSchema.optional().describe('When it was over.'),
    trace_id: z.string().optional().describe('W3C trace id of the task it is about.'),
    by: z.string().optional().describe('Instance that raised it.'),
  })
  .describe('Something a person should know.');
export type Alert = z.infer<typeof alertSchema>;

export const actionSchema = z
  .looseObject({
    id: z.string(),
    kind: z.string().describe('Such as pause-master, promote, set.'),
    by: z.string().describe('Actor or person.'),
    at: momentSchema,
    target: z.string().optional(),
    reason: z.string().optional(),
    before: z.unknown().optional(),
    after: z.unknown().optional(),
    state: z
      .enum(['done', 'failed', 'undone', 'dry-run'])
      .optional()
      .describe('How an intervention ended; `dry-run`: it would have been made.'),
    alert: z.string().optional().describe('Id of the alert it answers.'),
    evidence: z.record(z.string(), z.unknown()).optional().describe('What it rests on.'),
    undo: z.boolean().optional().describe('Whether it can be taken back ("cortex actions undo ID").'),
    error: z.string().optional().describe('Why it failed.'),
    trace_id: z.string().optional(),
  })
  .describe('An intervention, a promotion or a changed setting; the audit trail.');
export type Action = z.infer<typeof actionSchema>;

export const forecastSchema = z
  .looseObject({
    what: z.string().describe('What is forecast, such as arrivals.security.'),
    at: momentSchema,
    horizon_seconds: z.number().positive(),
    p50: z.number(),
    p90: z.number(),
    replicas: z.number().int().nonnegative().optional().describe('Replicas wanted for the stated waiting time.'),
  })
  .describe('A forecast that launcher and KEDA scale by.');
export type Forecast = z.infer<typeof forecastSchema>;

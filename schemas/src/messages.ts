// The list of all messages: what travels on which subject, kept where. JSON Schemas and the AsyncAPI document come from here.
import type { z } from 'zod';
import { predictAnswerSchema, predictAskSchema, routeAnswerSchema, routeAskSchema, timerSchema } from './ask.js';
import { decisionSchema } from './decision.js';
import { actionSchema, alertSchema, forecastSchema, presenceSchema, telemetrySchema } from './fleet.js';
import { EVENT_TYPES, type EventType } from './headers.js';
import { jobStateSchema, trainJobSchema, trialJobSchema, trialStateSchema } from './job.js';
import {
  contextAnswerSchema,
  contextAskSchema,
  mapAskSchema,
  searchAnswerSchema,
  searchAskSchema,
} from './librarian.js';
import { logRecordSchema, workSchema } from './log.js';
import { masterSchema } from './master.js';
import { lessonSchema } from './memory.js';
import { attemptSchema, outcomeSchema } from './outcome.js';
import { deadLetterSchema, modelEventSchema, reviewAnswerSchema, reviewRequestSchema } from './people.js';
import { promptHeadSchema, promptVersionSchema } from './prompt.js';
import type { StreamName } from './subjects.js';
import { cancelSchema, taskSchema } from './task.js';

export interface MessageDefinition {
  readonly schema: z.ZodType;
  /** Subject with `{parameters}`; none for values that only live in a KV bucket or inside other messages. */
  readonly subject?: string;
  readonly stream?: StreamName;
  readonly type?: EventType;
  /** Whether the outside world sends it (`in`), Cortex does (`out`), or only actors among themselves (`inner`). */
  readonly direction: 'in' | 'out' | 'inner';
}

export const MESSAGES = {
  task: { schema: taskSchema, subject: 'tasks.submit', stream: 'TASKS', type: EVENT_TYPES.taskSubmit, direction: 'in' },
  cancel: {
    schema: cancelSchema,
    subject: 'tasks.cancel',
    stream: 'TASKS',
    type: EVENT_TYPES.taskCancel,
    direction: 'in',
  },
  'log-record': {
    schema: logRecordSchema,
    subject: 'log.{partition}.{key}.{step}.{master}.{priority}',
    stream: 'LOG',
    type: EVENT_TYPES.log,
    direction: 'out',
  },
  live: { schema: logRecordSchema, subject: 'live.{step}.{master}', type: EVENT_TYPES.log, direction: 'out' },
  work: { schema: workSchema, direction: 'out' },
  decision: { schema: decisionSchema, direction: 'out' },
  outcome: {
    schema: outcomeSchema,
    subject: 'outcomes.{master}',
    stream: 'OUTCOMES',
    type: EVENT_TYPES.outcome,
    direction: 'in',
  },
  attempt: {
    schema: attemptSchema,
    subject: 'outcomes.{master}',
    stream: 'OUTCOMES',
    type: EVENT_TYPES.outcome,
    direction: 'in',
  },
  telemetry: {
    schema: telemetrySchema,
    subject: 'telemetry.{worker}',
    stream: 'TELEMETRY',
    type: EVENT_TYPES.telemetry,
    direction: 'in',
  },
  alert: {
    schema: alertSchema,
    subject: 'alerts.{severity}',
    stream: 'ALERTS',
    type: EVENT_TYPES.alert,
    direction: 'out',
  },
  action: {
    schema: actionSchema,
    subject: 'actions.{kind}',
    stream: 'ACTIONS',
    type: EVENT_TYPES.action,
    direction: 'out',
  },
  forecast: {
    schema: forecastSchema,
    subject: 'forecasts.{what}',
    stream: 'TELEMETRY',
    type: EVENT_TYPES.forecast,
    direction: 'out',
  },
  'review-request': {
    schema: reviewRequestSchema,
    subject: 'reviews.requested',
    stream: 'REVIEWS',
    type: EVENT_TYPES.reviewRequested,
    direction: 'out',
  },
  'review-answer': {
    schema: reviewAnswerSchema,
    subject: 'reviews.answered',
    stream: 'REVIEWS',
    type: EVENT_TYPES.reviewAnswered,
    direction: 'in',
  },
  'model-event': {
    schema: modelEventSchema,
    subject: 'models.{family}.{event}',
    stream: 'MODELS',
    type: EVENT_TYPES.model,
    direction: 'out',
  },
  'train-job': {
    schema: trainJobSchema,
    subject: 'jobs.train',
    stream: 'JOBS',
    type: EVENT_TYPES.job,
    direction: 'in',
  },
  'trial-job': {
    schema: trialJobSchema,
    subject: 'jobs.trial',
    stream: 'JOBS',
    type: EVENT_TYPES.job,
    direction: 'inner',
  },
  'job-state': { schema: jobStateSchema, direction: 'out' },
  'trial-state': { schema: trialStateSchema, direction: 'inner' },
  'dead-letter': {
    schema: deadLetterSchema,
    subject: 'dead.{stream}',
    stream: 'DEAD',
    type: EVENT_TYPES.dead,
    direction: 'out',
  },
  'route-ask': {
    schema: routeAskSchema,
    subject: 'ask.router',
    stream: 'ASKS',
    type: EVENT_TYPES.ask,
    direction: 'inner',
  },
  'route-answer': { schema: routeAnswerSchema, type: EVENT_TYPES.answer, direction: 'inner' },
  'predict-ask': {
    schema: predictAskSchema,
    subject: 'ask.predictor',
    stream: 'ASKS',
    type: EVENT_TYPES.ask,
    direction: 'inner',
  },
  'predict-answer': { schema: predictAnswerSchema, type: EVENT_TYPES.answer, direction: 'inner' },
  'context-ask': {
    schema: contextAskSchema,
    subject: 'ask.librarian',
    stream: 'ASKS',
    type: EVENT_TYPES.ask,
    direction: 'inner',
  },
  'search-ask': {
    schema: searchAskSchema,
    subject: 'ask.librarian',
    stream: 'ASKS',
    type: EVENT_TYPES.ask,
    direction: 'inner',
  },
  'map-ask': {
    schema: mapAskSchema,
    subject: 'ask.librarian',
    stream: 'ASKS',
    type: EVENT_TYPES.ask,
    direction: 'inner',
  },
  'context-answer': { schema: contextAnswerSchema, type: EVENT_TYPES.answer, direction: 'inner' },
  'search-answer': { schema: searchAnswerSchema, type: EVENT_TYPES.answer, direction: 'inner' },
  timer: {
    schema: timerSchema,
    subject: 'timers.{partition}.{key}',
    stream: 'TIMERS',
    type: EVENT_TYPES.timer,
    direction: 'inner',
  },
  presence: { schema: presenceSchema, subject: 'presence.{actor}.{instance}', direction: 'inner' },
  master: { schema: masterSchema, direction: 'in' },
  prompt: { schema: promptVersionSchema, direction: 'in' },
  'prompt-head': { schema: promptHeadSchema, direction: 'inner' },
  lesson: { schema: lessonSchema, direction: 'inner' },
} as const satisfies Record<string, MessageDefinition>;

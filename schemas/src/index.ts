export {
  askErrorSchema,
  exhaustedSchema,
  type PredictAnswer,
  type PredictAsk,
  predictAnswerSchema,
  predictAskSchema,
  type RouteAnswer,
  type RouteAsk,
  routeAnswerSchema,
  routeAskSchema,
  type Timer,
  timerSchema,
} from './ask.js';
export { checkMessage, decodeMessage, decodeTask, decodeText, encodeMessage, InvalidMessage } from './codec.js';
export {
  ARMS,
  type Arm,
  type Decision,
  decisionSchema,
  type ExpertVote,
  expertVoteSchema,
  METHODS,
  type Method,
  type Prediction,
  predictionSchema,
} from './decision.js';
export {
  ACTOR_STATES,
  type Action,
  type Alert,
  actionSchema,
  alertSchema,
  type Forecast,
  forecastSchema,
  type Presence,
  presenceSchema,
  SEVERITIES,
  type Telemetry,
  telemetrySchema,
} from './fleet.js';
export { CLOUDEVENTS_VERSION, EVENT_TYPES, type EventType, HEADERS } from './headers.js';
export {
  type Correction,
  type LogRecord,
  type LogTask,
  logRecordSchema,
  type NewLogRecord,
  type Work,
  workSchema,
} from './log.js';
export { MASTER_STATUSES, type Master, type MasterInput, masterSchema } from './master.js';
export { MESSAGES, type MessageDefinition } from './messages.js';
export {
  canonicalMaster,
  escapeToken,
  MAX_NAME_LENGTH,
  PARTITIONS,
  type TaskKey,
  taskKey,
  unescapeToken,
} from './names.js';
export {
  type Attempt,
  attemptSchema,
  OUTCOME_STATUSES,
  type Outcome,
  type OutcomeStatus,
  outcomeSchema,
} from './outcome.js';
export {
  type DeadLetter,
  deadLetterSchema,
  type ModelEvent,
  modelEventSchema,
  type ReviewAnswer,
  type ReviewRequest,
  reviewAnswerSchema,
  reviewRequestSchema,
} from './people.js';
export {
  BUCKET_NAMES,
  type BucketName,
  DEFAULT_PREFIX,
  STREAM_NAMES,
  type StreamName,
  type Subjects,
  subjectsOf,
} from './subjects.js';
export {
  type Cancel,
  cancelSchema,
  DEFAULT_PRIORITY,
  LOG_STEPS,
  type LogStep,
  MAX_ID_LENGTH,
  MAX_TEXT_LENGTH,
  PRIORITIES,
  type Priority,
  prioritySchema,
  type Task,
  type TaskInput,
  taskSchema,
} from './task.js';
export { METRICS, SPAN_KEYS } from './telemetry-keys.js';

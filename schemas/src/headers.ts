// Header names of every message, and the CloudEvents types they carry (CloudEvents 1.0, NATS binding, binary mode).

export const HEADERS = {
  /** De-duplication id; equals `ce-id`. */
  msgId: 'Nats-Msg-Id',
  traceparent: 'traceparent',
  tracestate: 'tracestate',
  ceId: 'ce-id',
  ceType: 'ce-type',
  ceSource: 'ce-source',
  ceTime: 'ce-time',
  ceSpecversion: 'ce-specversion',
  /** Absolute deadline of an ask, milliseconds since the epoch. Later than this nobody reads the answer. */
  deadline: 'cortex-deadline',
  /** Private inbox the answer to an ask goes to. */
  replyTo: 'cortex-reply-to',
  /** Public nkey of the identity that signed the message, and its ed25519 signature over subject and payload, in base64. */
  signer: 'cortex-signer',
  signature: 'cortex-signature',
  /** SHA-256 of the action before this one in the audit trail. */
  auditPrevious: 'cortex-audit-previous',
} as const;

export const CLOUDEVENTS_VERSION = '1.0';

export const EVENT_TYPES = {
  taskSubmit: 'dev.cortex.task.submit',
  taskCancel: 'dev.cortex.task.cancel',
  log: 'dev.cortex.log',
  outcome: 'dev.cortex.outcome',
  telemetry: 'dev.cortex.telemetry',
  alert: 'dev.cortex.alert',
  action: 'dev.cortex.action',
  forecast: 'dev.cortex.forecast',
  reviewRequested: 'dev.cortex.review.requested',
  reviewAnswered: 'dev.cortex.review.answered',
  model: 'dev.cortex.model',
  dead: 'dev.cortex.dead',
  job: 'dev.cortex.job',
  ask: 'dev.cortex.ask',
  answer: 'dev.cortex.answer',
  timer: 'dev.cortex.timer',
} as const;
export type EventType = (typeof EVENT_TYPES)[keyof typeof EVENT_TYPES];

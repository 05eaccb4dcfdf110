// Every span attribute and metric name of Cortex. Messaging and GenAI keys follow the OpenTelemetry semantic conventions
// (messaging: development status); our own start with `cortex.`.

export const SPAN_KEYS = {
  messagingSystem: 'messaging.system',
  messagingDestination: 'messaging.destination.name',
  messagingTemplate: 'messaging.destination.template',
  messagingOperationName: 'messaging.operation.name',
  messagingOperationType: 'messaging.operation.type',
  messagingMessageId: 'messaging.message.id',
  messagingConsumerGroup: 'messaging.consumer.group.name',
  messagingBodySize: 'messaging.message.body.size',
  messagingBatchCount: 'messaging.batch.message_count',
  taskId: 'cortex.task.id',
  taskPriority: 'cortex.task.priority',
  master: 'cortex.master',
  confidence: 'cortex.decision.confidence',
  method: 'cortex.decision.method',
  exit: 'cortex.decision.exit',
  arm: 'cortex.decision.arm',
  expert: 'cortex.expert.name',
  expertAbstained: 'cortex.expert.abstained',
  expertLatency: 'cortex.expert.latency_ms',
  worker: 'cortex.worker',
  attempt: 'cortex.attempt',
  delivery: 'cortex.delivery',
  outcomeStatus: 'cortex.outcome.status',
  step: 'cortex.log.step',
  revision: 'cortex.log.revision',
  errorType: 'error.type',
} as const;

export const METRICS = {
  decisions: { name: 'cortex.decisions', unit: '{decision}', description: 'Decisions, by master, method and arm.' },
  decisionLatency: {
    name: 'cortex.decision.duration',
    unit: 's',
    description: 'From the task reaching the stream to its decision being appended.',
  },
  askDuration: { name: 'cortex.ask.duration', unit: 's', description: 'Ask to answer, by actor asked and result.' },
  routeAnswers: {
    name: 'cortex.router.answers',
    unit: '{answer}',
    description: 'Answers of the router, by stage of the cascade it left at (cache for identical texts).',
  },
  outcomes: { name: 'cortex.outcomes', unit: '{outcome}', description: 'Settled outcomes, by master and status.' },
  processed: {
    name: 'cortex.messages.processed',
    unit: '{message}',
    description: 'Messages handled, by consumer and result.',
  },
  processDuration: { name: 'messaging.process.duration', unit: 's', description: 'Time a handler took, by consumer.' },
  dead: { name: 'cortex.dead_letters', unit: '{message}', description: 'Messages given up, by stream.' },
  redeliveries: {
    name: 'cortex.redeliveries',
    unit: '{message}',
    description: 'Messages delivered more than once, by consumer.',
  },
  actorState: {
    name: 'cortex.actor.state',
    unit: '1',
    description: '1 for the state the actor is in, by actor and state.',
  },
} as const;

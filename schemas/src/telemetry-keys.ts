// Every span attribute of Cortex. Messaging keys follow the OpenTelemetry semantic conventions (development status); our own start
// with `cortex.`. Metrics are in metrics.ts.

export const SPAN_KEYS = {
  messagingSystem: 'messaging.system',
  messagingDestination: 'messaging.destination.name',
  messagingTemplate: 'messaging.destination.template',
  messagingOperationName: 'messaging.operation.name',
  messagingOperationType: 'messaging.operation.type',
  messagingMessageId: 'messaging.message.id',
  messagingConsumerGroup: 'messaging.consumer.group.name',
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
  worker: 'cortex.worker',
  attempt: 'cortex.attempt',
  delivery: 'cortex.delivery',
  outcomeStatus: 'cortex.outcome.status',
  step: 'cortex.log.step',
  revision: 'cortex.log.revision',
  errorType: 'error.type',
} as const;

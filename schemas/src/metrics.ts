// Every metric of Cortex: name, kind, unit, labels, meaning, and which process says it. The one thing to know: whatever can be a ratio is
// counted as its two parts, so that rates, shares and errors of any window and of all replicas together are one division away.
// docs/telemetry.md lists the same rows; its test says which one is missing.

export type MetricKind = 'counter' | 'gauge' | 'histogram';

export interface Metric {
  /** OpenTelemetry name; Prometheus spells it by {@link prometheusName}. */
  readonly name: string;
  readonly kind: MetricKind;
  /** UCUM unit; `{…}` is an annotation and not part of the Prometheus name. */
  readonly unit: string;
  readonly labels: readonly string[];
  readonly description: string;
  /** Upper bounds of a histogram's buckets, in its unit. Default: 1 ms to 60 s. */
  readonly buckets?: readonly number[];
}

const metric = <const L extends readonly string[]>(
  name: string,
  kind: MetricKind,
  unit: string,
  labels: L,
  description: string,
  buckets?: readonly number[],
): Metric & { readonly labels: L } => ({ name, kind, unit, labels, description, ...(buckets ? { buckets } : {}) });

const MINUTES_TO_DAYS = [1, 5, 15, 60, 300, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 86_400, 604_800];
const TOKENS = [64, 256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576];
const SHARES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];

export const METRICS = {
  // Deciding
  decisions: metric('cortex.decisions', 'counter', '{decision}', ['master', 'method', 'arm'], 'Decisions made.'),
  decisionLatency: metric(
    'cortex.decision.duration',
    'histogram',
    's',
    ['method'],
    'From the task reaching the stream to its decision being appended.',
  ),
  decisionConfidence: metric(
    'cortex.decision.confidence',
    'histogram',
    '1',
    ['method'],
    'Calibrated confidence of decisions, 0 to 1.',
    SHARES,
  ),
  candidates: metric(
    'cortex.decision.candidates',
    'histogram',
    '{master}',
    ['method'],
    'Masters in the conformal set.',
    [0, 1, 2, 3, 5, 8, 13, 21],
  ),
  expertDuration: metric('cortex.expert.duration', 'histogram', 's', ['expert'], 'Time one voice of the router took.'),
  expertVotes: metric(
    'cortex.expert.votes',
    'counter',
    '{vote}',
    ['expert', 'vote'],
    'Votes of each voice: `agreed` with the decision, `differed`, or `abstained`.',
  ),
  askDuration: metric('cortex.ask.duration', 'histogram', 's', ['actor', 'result'], 'Ask to answer, by actor asked.'),
  routeAnswers: metric(
    'cortex.router.answers',
    'counter',
    '{answer}',
    ['exit', 'abstain'],
    'Answers of the router, by the stage of the cascade it left at (`cache` for identical texts).',
  ),
  reviews: metric(
    'cortex.reviews',
    'counter',
    '{review}',
    ['event'],
    'Questions of routing to people: `requested`, `answered`.',
  ),
  // How good decisions were
  routingJudged: metric(
    'cortex.routing.judged',
    'counter',
    '{decision}',
    ['master', 'right', 'by'],
    'Decisions of which it became known whether they were right: `by` a `person`, or by the `outcome` (it succeeded). A failure alone says nothing.',
  ),
  routingMissed: metric(
    'cortex.routing.missed',
    'counter',
    '{decision}',
    ['master'],
    'Tasks that should have gone to this master and went elsewhere: what recall lacks.',
  ),
  routingConfusions: metric(
    'cortex.routing.confusions',
    'counter',
    '{decision}',
    ['decided', 'correct'],
    'Wrong decisions by where the task went and where it belonged.',
  ),
  calibrationRows: metric(
    'cortex.routing.calibration',
    'counter',
    '{decision}',
    ['bin', 'right'],
    'Judged decisions by tenth of their confidence.',
  ),
  calibrationClaimed: metric(
    'cortex.routing.claimed',
    'counter',
    '{decision}',
    ['bin'],
    'Sum of the confidences of the same decisions: what should have been right.',
  ),
  successPredictions: metric(
    'cortex.prediction.success',
    'counter',
    '{prediction}',
    ['master', 'predicted', 'actual'],
    'Predictions of success (yes from 0.5) against what happened: precision, recall, F1.',
  ),
  predictionScored: metric(
    'cortex.prediction.scored',
    'counter',
    '{prediction}',
    ['quantity'],
    'Predictions whose truth became known; `quantity` is success, minutes or tokens.',
  ),
  predictionAbsolute: metric(
    'cortex.prediction.absolute_error',
    'counter',
    '{error}',
    ['quantity'],
    'Sum of their absolute errors, in the unit of the quantity; divided by `scored`: the mean absolute error.',
  ),
  predictionSquared: metric(
    'cortex.prediction.squared_error',
    'counter',
    '{error}',
    ['quantity'],
    'Sum of their squared errors; the root of it divided by `scored` is the RMSE, for success it is the Brier score.',
  ),
  predictionCovered: metric(
    'cortex.prediction.covered',
    'counter',
    '{prediction}',
    ['quantity'],
    'Those that stayed within the predicted 90th percentile: nine in ten should.',
  ),
  // Tasks
  steps: metric('cortex.steps', 'counter', '{record}', ['step'], 'Records appended to the log, by step.'),
  outcomes: metric(
    'cortex.outcomes',
    'counter',
    '{outcome}',
    ['master', 'status', 'success'],
    'Settled outcomes; status `refused` for claims that were fenced off.',
  ),
  taskDuration: metric(
    'cortex.task.duration',
    'histogram',
    's',
    ['master', 'status'],
    'From the decision in force to its settlement.',
    MINUTES_TO_DAYS,
  ),
  workDuration: metric(
    'cortex.task.work',
    'histogram',
    's',
    ['master'],
    'Working time that workers report (`minutes` of an outcome).',
    MINUTES_TO_DAYS,
  ),
  taskTokens: metric('cortex.task.tokens', 'counter', '{token}', ['master', 'success'], 'Tokens that outcomes report.'),
  taskCost: metric('cortex.task.cost', 'counter', 'USD', ['master', 'success'], 'Money that outcomes report.'),
  taskQuality: metric('cortex.task.quality', 'histogram', '1', ['master'], 'Quality of outcomes, 0 to 1.', SHARES),
  promptOutcomes: metric(
    'cortex.prompt.outcomes',
    'counter',
    '{outcome}',
    ['prompt', 'success'],
    'Outcomes by version of the prompt that was used: the arms of its A/B test.',
  ),
  // Models
  modelVersion: metric(
    'cortex.model.version',
    'gauge',
    '{version}',
    ['family', 'alias'],
    'Number of the version that serves.',
  ),
  modelAge: metric('cortex.model.age', 'gauge', 's', ['family', 'alias'], 'Time since it was made: its freshness.'),
  modelFigure: metric(
    'cortex.model.figure',
    'gauge',
    '{figure}',
    ['family', 'alias', 'figure'],
    'Figures it was evaluated with when it was trained, such as accuracy or ece.',
  ),
  modelFailures: metric(
    'cortex.model.failures',
    'gauge',
    '{share}',
    ['family', 'when'],
    'Share of the failed tasks of the champion: `before` (when it began to serve), `lately`, and `expected` of the newest decisions, whose outcomes are not known yet. Apart from each other: drift.',
  ),
  modelEvents: metric(
    'cortex.model.events',
    'counter',
    '{event}',
    ['family', 'event'],
    'What happened to models: shadow, canary, promoted, rolled-back, drift …',
  ),
  trialPhase: metric('cortex.trial.phase', 'gauge', '{trial}', ['family', 'phase'], '1 for the phase the trial is in.'),
  trialUnits: metric(
    'cortex.trial.units',
    'gauge',
    '{task}',
    ['family', 'arm'],
    'Judged tasks of each arm of the trial.',
  ),
  trialReward: metric('cortex.trial.reward', 'gauge', '{reward}', ['family', 'arm'], 'Mean reward of each arm.'),
  trialGain: metric(
    'cortex.trial.gain',
    'gauge',
    '{share}',
    ['family'],
    'How much more often the challenger is right than the champion, estimated from the tasks on which both spoke.',
  ),
  trialEvidence: metric(
    'cortex.trial.evidence',
    'gauge',
    '{nat}',
    ['family', 'that'],
    'Logarithm of the evidence that the challenger is `better` or `worse`; 3.0 is 20 to 1, 4.6 is 100 to 1.',
  ),
  trainings: metric('cortex.training.jobs', 'counter', '{job}', ['family', 'result'], 'Trainings that ended.'),
  trainingDuration: metric(
    'cortex.training.duration',
    'histogram',
    's',
    ['family', 'result'],
    'Time a training took that ended well.',
    MINUTES_TO_DAYS,
  ),
  recordedRows: metric('cortex.recorder.rows', 'counter', '{message}', ['stream'], 'Messages kept as training data.'),
  // Workers and language models
  busyTasks: metric('cortex.worker.tasks', 'gauge', '{task}', ['master'], 'Tasks this worker has in hand.'),
  llmCalls: metric(
    'cortex.llm.calls',
    'counter',
    '{call}',
    ['model', 'purpose', 'result', 'master'],
    'Calls of language models.',
  ),
  llmTokens: metric(
    'gen_ai.client.token.usage',
    'histogram',
    '{token}',
    ['gen_ai.operation.name', 'gen_ai.provider.name', 'gen_ai.request.model', 'gen_ai.token.type', 'cortex.master'],
    'Tokens of a call of a language model, in and out.',
    TOKENS,
  ),
  llmCost: metric('cortex.llm.cost', 'counter', 'USD', ['model', 'master'], 'Money spent on language models.'),
  llmEvents: metric(
    'cortex.llm.events',
    'counter',
    '{event}',
    ['event', 'cortex.master'],
    'What happened to tasks of LLM workers: without-context, cache-hit, secret-removed, budget-warning …',
  ),
  // The bus
  processed: metric('cortex.messages.processed', 'counter', '{message}', ['consumer', 'result'], 'Messages handled.'),
  processDuration: metric(
    'messaging.process.duration',
    'histogram',
    's',
    ['consumer', 'result'],
    'Time a handler took.',
  ),
  dead: metric('cortex.dead_letters', 'counter', '{message}', ['stream'], 'Messages given up.'),
  redeliveries: metric('cortex.redeliveries', 'counter', '{message}', ['consumer'], 'Messages delivered again.'),
  connected: metric(
    'cortex.bus.connected',
    'gauge',
    '{connection}',
    ['actor'],
    '1 while the connection to NATS stands.',
  ),
  reconnects: metric('cortex.bus.reconnects', 'counter', '{connection}', ['actor'], 'Connections that came back.'),
  pending: metric(
    'cortex.bus.consumer.pending',
    'gauge',
    '{message}',
    ['stream', 'consumer'],
    'Messages nobody has taken yet (said by the watchdog that leads).',
  ),
  ackPending: metric(
    'cortex.bus.consumer.in_hand',
    'gauge',
    '{message}',
    ['stream', 'consumer'],
    'Messages taken and not acknowledged yet.',
  ),
  streamMessages: metric('cortex.bus.stream.messages', 'gauge', '{message}', ['stream'], 'Messages a stream keeps.'),
  streamBytes: metric('cortex.bus.stream.size', 'gauge', 'By', ['stream'], 'Bytes a stream keeps.'),
  streamLimit: metric('cortex.bus.stream.limit', 'gauge', 'By', ['stream'], 'Bytes it may keep before it refuses.'),
  // The fleet
  waiting: metric(
    'cortex.work.waiting',
    'gauge',
    '{task}',
    ['master', 'priority'],
    'Decided tasks no worker has taken yet.',
  ),
  held: metric('cortex.work.held', 'gauge', '{task}', ['master', 'priority'], 'Tasks workers have in hand.'),
  workers: metric('cortex.workers', 'gauge', '{worker}', ['master', 'status'], 'Workers heard of lately.'),
  alerts: metric('cortex.alerts', 'counter', '{alert}', ['alert', 'severity', 'change'], 'Alerts fired and resolved.'),
  alertsOpen: metric('cortex.alerts.open', 'gauge', '{alert}', ['severity'], 'Alerts that are open now.'),
  interventions: metric(
    'cortex.interventions',
    'counter',
    '{intervention}',
    ['kind'],
    'What the watchdog did about them.',
  ),
  // A process
  actorState: metric(
    'cortex.actor.state',
    'gauge',
    '{actor}',
    ['actor', 'state'],
    '1 for the state the actor is in; its mean over time is its uptime.',
  ),
  uptime: metric('process.uptime', 'gauge', 's', [], 'Time since the process started.'),
  cpuTime: metric('process.cpu.time', 'counter', 's', ['cpu.mode'], 'Processor time used, user and system.'),
  memory: metric('process.memory.usage', 'gauge', 'By', [], 'Resident memory.'),
  loopDelay: metric(
    'nodejs.eventloop.delay.p99',
    'gauge',
    's',
    [],
    'How late the event loop was since the last look, slowest hundredth: above 0.1 s it is overloaded.',
  ),
} as const satisfies Record<string, Metric>;

export type MetricKey = keyof typeof METRICS;

const SUFFIX: Readonly<Record<string, string>> = { s: 'seconds', ms: 'milliseconds', By: 'bytes', '%': 'percent' };

/**
 * How Prometheus spells a metric, by the rules of the OpenTelemetry specification (what a collector does too): dots become underscores, the unit
 * is appended, a counter ends in `_total`. Buckets, sum and count of a histogram have their usual endings on top.
 */
export function prometheusName({ name, kind, unit }: Pick<Metric, 'name' | 'kind' | 'unit'>): string {
  const base = name.replaceAll(/[^A-Za-z0-9_]+/g, '_');
  const plain = unit.replaceAll(/\{[^}]*\}/g, '');
  const suffix =
    plain === '1' ? (kind === 'gauge' ? 'ratio' : '') : (SUFFIX[plain] ?? plain.replaceAll(/[^A-Za-z0-9]+/g, '_'));
  const withUnit = suffix === '' || base.endsWith(`_${suffix}`) ? base : `${base}_${suffix}`;
  return kind === 'counter' && !withUnit.endsWith('_total') ? `${withUnit}_total` : withUnit;
}

// Every stream and fixed consumer of Cortex as one table, each setting with its reason.

import { PRIORITIES, type Priority, type StreamName, type Subjects } from '@cortex/schemas';
import type { ConsumerConfig, StreamConfig } from '@nats-io/jetstream';
import { AckPolicy, DeliverPolicy, DiscardPolicy, RetentionPolicy, StorageType } from '@nats-io/jetstream';

const MiB = 1024 * 1024;
const SECOND = 1_000_000_000;

export interface ProvisionSettings {
  /** Copies of each stream: 1 on one server, 3 on a cluster. Default 1. */
  readonly replicas: number;
  /** Milliseconds a worker may hold a task without renewing its lease. Default 30,000. */
  readonly leaseMs: number;
  /** Milliseconds an actor may hold a message without renewing. Default 15,000. */
  readonly ackWaitMs: number;
  /** Most deliveries of a task to workers before it is given up. Default 5. */
  readonly maxDeliver: number;
  /** Multiplies every `max_bytes` below. Default 1. */
  readonly space: number;
}

export const DEFAULT_PROVISION: ProvisionSettings = {
  replicas: 1,
  leaseMs: 30_000,
  ackWaitMs: 15_000,
  maxDeliver: 5,
  space: 1,
};

interface StreamRow {
  readonly name: StreamName;
  readonly subjects: (s: Subjects) => string[];
  readonly maxMiB: number;
  readonly reason: string;
  readonly extra?: (s: Subjects) => Partial<StreamConfig>;
}

export const STREAM_TABLE: readonly StreamRow[] = [
  {
    name: 'TASKS',
    subjects: (s) => [s.tasks],
    maxMiB: 1024,
    reason: 'inlet; purged behind the ack floor of the coordinators, so the size is the backlog we accept',
  },
  {
    name: 'LOG',
    subjects: (s) => [s.logAll],
    maxMiB: 4096,
    reason: 'the truth; every step is repeated on live.<step>.<master> for whoever watches',
    extra: (s) => ({
      republish: { src: `${s.prefix}.log.*.*.*.*.*`, dest: `${s.prefix}.live.{{wildcard(3)}}.{{wildcard(4)}}` },
    }),
  },
  {
    name: 'OUTCOMES',
    subjects: (s) => [s.outcomes],
    maxMiB: 512,
    reason: 'claims; own space, so that a full TASKS never blocks finishing',
  },
  {
    name: 'TELEMETRY',
    subjects: (s) => [s.telemetryAll, s.forecasts],
    maxMiB: 512,
    reason: 'gauges; the oldest go first, a heartbeat is worth nothing tomorrow',
    extra: () => ({ discard: DiscardPolicy.Old, max_age: 86_400 * SECOND }),
  },
  {
    name: 'ALERTS',
    subjects: (s) => [s.alerts],
    maxMiB: 128,
    reason: 'for people',
    extra: () => ({ discard: DiscardPolicy.Old }),
  },
  {
    name: 'ACTIONS',
    subjects: (s) => [s.actions],
    maxMiB: 256,
    reason: 'the audit trail: never thrown away by itself',
  },
  {
    name: 'REVIEWS',
    subjects: (s) => [s.reviews],
    maxMiB: 256,
    reason:
      'questions to people and their answers, which are labels; nearly full, it loses the older half of what was read; where tasks belong, the log keeps',
  },
  { name: 'MODELS', subjects: (s) => [s.modelEvents], maxMiB: 128, reason: 'history of every model' },
  { name: 'DEAD', subjects: (s) => [s.deadAll], maxMiB: 1024, reason: 'what could not be processed, whole' },
  {
    name: 'ASKS',
    subjects: (s) => [s.asks],
    maxMiB: 64,
    reason:
      'questions between actors: worthless after seconds, so in memory and aged out; a full stream drops the oldest ask, whose asker falls back',
    extra: () => ({
      storage: StorageType.Memory,
      num_replicas: 1,
      max_age: 10 * SECOND,
      discard: DiscardPolicy.Old,
      duplicate_window: 1 * SECOND,
    }),
  },
  {
    name: 'TIMERS',
    subjects: (s) => [s.timers, workAdvisory(s, 'MAX_DELIVERIES'), workAdvisory(s, 'MSG_NAKED')],
    maxMiB: 128,
    reason:
      'wake-ups: one message per task with a deadline, redelivered at its moment; and the notices of work given back or given up, which the server does not store by itself',
  },
  {
    name: 'JOBS',
    subjects: (s) => [s.jobs],
    maxMiB: 128,
    reason: 'work for trainers: each pulls what it can, purged behind the ack floor',
  },
];

/** What the server says when a work message was delivered as often as allowed, and when a worker gave one back (nak). */
function workAdvisory(s: Subjects, kind: 'MAX_DELIVERIES' | 'MSG_NAKED'): string {
  return `$JS.EVENT.ADVISORY.CONSUMER.${kind}.${s.stream('LOG')}.*`;
}

export function streamConfigs(
  subjects: Subjects,
  settings: ProvisionSettings,
): (Partial<StreamConfig> & { name: string })[] {
  return STREAM_TABLE.map((row) => ({
    name: subjects.stream(row.name),
    description: row.reason,
    subjects: row.subjects(subjects),
    // workqueue and interest forget de-duplication ids when the server restarts; limits keep them.
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    num_replicas: settings.replicas,
    max_bytes: Math.round(row.maxMiB * MiB * settings.space),
    // A full stream must refuse loudly instead of forgetting acknowledged tasks.
    discard: DiscardPolicy.New,
    duplicate_window: 120 * SECOND,
    // Thousands of masters have four consumers each; the server's default is 1,000.
    max_consumers: 100_000,
    // A stray `Nats-Rollup: all` header would wipe a stream that allows it.
    allow_rollup_hdrs: false,
    deny_delete: false,
    deny_purge: false,
    allow_direct: true,
    ...row.extra?.(subjects),
  }));
}

interface ConsumerRow {
  readonly stream: StreamName;
  readonly name: string;
  readonly filter: (s: Subjects) => string[];
  readonly reason: string;
  readonly extra?: Partial<ConsumerConfig>;
}

/** Consumers that exist from the start. Those of masters are made when a master is registered: {@link workConsumers}. */
export const CONSUMER_TABLE: readonly ConsumerRow[] = [
  {
    stream: 'TASKS',
    name: 'coordinator',
    filter: (s) => [s.tasks],
    reason: 'shared by all coordinators',
    extra: { max_deliver: -1, max_ack_pending: 2_000 },
  },
  {
    stream: 'OUTCOMES',
    name: 'coordinator',
    filter: (s) => [s.outcomes],
    reason: 'shared by all coordinators',
    extra: { max_deliver: -1, max_ack_pending: 2_000 },
  },
  {
    stream: 'REVIEWS',
    name: 'coordinator',
    filter: (s) => [s.reviewsAnswered],
    reason: 'answers of people re-route tasks',
    extra: { max_deliver: -1, max_ack_pending: 1_000 },
  },
  // A timer is put back until it is due, so it is delivered often and many wait at once.
  {
    stream: 'TIMERS',
    name: 'coordinator',
    filter: (s) => [s.timers, workAdvisory(s, 'MAX_DELIVERIES'), workAdvisory(s, 'MSG_NAKED')],
    reason: 'deadlines, and work given up',
    extra: { max_deliver: -1, max_ack_pending: 200_000 },
  },
  {
    stream: 'ASKS',
    name: 'router',
    filter: (s) => [s.ask('router')],
    reason: 'micro-batches for whichever replica is free',
    extra: { ack_policy: AckPolicy.None, mem_storage: true },
  },
  {
    stream: 'ASKS',
    name: 'predictor',
    filter: (s) => [s.ask('predictor')],
    reason: 'micro-batches for whichever replica is free',
    extra: { ack_policy: AckPolicy.None, mem_storage: true },
  },
  // A job that a trainer died of is counted by its own document, not by the server.
  {
    stream: 'JOBS',
    name: 'trainer',
    filter: (s) => [s.job('train')],
    reason: 'shared by all trainers: each pulls what it can',
    extra: { max_deliver: -1, max_ack_pending: 1_000 },
  },
  {
    stream: 'JOBS',
    name: 'trials',
    filter: (s) => [s.job('trial')],
    reason: 'trials of hyper-parameter searches, spread over all trainers',
    extra: { max_deliver: -1, max_ack_pending: 1_000 },
  },
  {
    stream: 'ALERTS',
    name: 'trainer',
    filter: (s) => [s.alerts],
    reason: 'drift asks for a training',
    extra: { deliver_policy: DeliverPolicy.New },
  },
  {
    stream: 'LOG',
    name: 'recorder',
    filter: (s) => [s.logAll],
    reason: 'keeps every step as training data; the log is compacted only behind it',
    extra: { max_deliver: -1, max_ack_pending: 10_000 },
  },
  {
    stream: 'TELEMETRY',
    name: 'recorder',
    filter: (s) => [s.telemetryAll, s.forecasts],
    reason: 'keeps gauges and forecasts',
    extra: { max_deliver: -1, max_ack_pending: 10_000 },
  },
  {
    stream: 'ALERTS',
    name: 'recorder',
    filter: (s) => [s.alerts],
    reason: 'keeps alerts',
    extra: { max_deliver: -1, max_ack_pending: 10_000 },
  },
  {
    stream: 'LOG',
    name: 'compactor',
    filter: (s) => [s.logStep('settled'), s.logStep('cancelled'), s.logStep('expired'), s.logStep('corrected')],
    reason: 'remembers up to where tasks at their end were compacted; shared by all coordinators',
    // The subject tells the task: texts need not travel.
    extra: { max_deliver: -1, max_ack_pending: 10_000, headers_only: true },
  },
  {
    stream: 'LOG',
    name: 'deployer',
    filter: (s) => [s.logStep('decided')],
    reason: 'what trials see at once: latency, failures, questions to people',
    extra: { max_deliver: -1, max_ack_pending: 2_000 },
  },
  // The few that are delivered too early are held until they are old enough to be judged; the others wait in the stream.
  {
    stream: 'LOG',
    name: 'deployer-outcomes',
    filter: (s) => [s.logStep('decided')],
    reason: 'decisions again, at the fixed age at which trials judge them',
    extra: { max_deliver: -1, max_ack_pending: 1_000 },
  },
  {
    stream: 'MODELS',
    name: 'deployer',
    filter: (s) => [`${s.prefix}.models.*.trained`],
    reason: 'new versions, to be tried',
    extra: { max_deliver: -1, max_ack_pending: 100 },
  },
  {
    stream: 'REVIEWS',
    name: 'deployer',
    filter: (s) => [s.reviewsAnswered],
    reason: 'approvals of people',
    extra: { max_deliver: -1, max_ack_pending: 1_000 },
  },
  {
    stream: 'LOG',
    name: 'librarian',
    filter: (s) => [s.logStep('settled'), s.logStep('corrected')],
    reason: 'outcomes and corrections become patterns',
    extra: { max_deliver: -1, max_ack_pending: 512 },
  },
  {
    stream: 'ASKS',
    name: 'librarian',
    filter: (s) => [s.ask('librarian')],
    reason: 'micro-batches for whichever replica is free',
    extra: { ack_policy: AckPolicy.None, mem_storage: true },
  },
];

export function consumerConfigs(
  subjects: Subjects,
  settings: ProvisionSettings,
): { stream: string; config: Partial<ConsumerConfig> & { durable_name: string } }[] {
  return CONSUMER_TABLE.map((row) => ({
    stream: subjects.stream(row.stream),
    config: {
      durable_name: row.name,
      description: row.reason,
      filter_subjects: row.filter(subjects),
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
      ack_wait: settings.ackWaitMs * 1_000_000,
      ...row.extra,
    },
  }));
}

/** Most tasks of one priority that the workers of a master hold at once, where the master says nothing else. */
const MOST_AT_ONCE = 5_000;

/** The four consumers a master's workers share. @param atOnce most tasks of each priority that are handed out at once */
export function workConsumers(
  subjects: Subjects,
  master: string,
  settings: ProvisionSettings,
  atOnce = MOST_AT_ONCE,
): { priority: Priority; config: Partial<ConsumerConfig> & { durable_name: string } }[] {
  return PRIORITIES.map((priority) => ({
    priority,
    config: {
      durable_name: subjects.workConsumer(master, priority),
      description: `work of ${master}, ${priority}`,
      filter_subjects: [subjects.logStep('decided', master, priority)],
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
      // The lease: a worker that neither renews nor answers loses the task to another.
      ack_wait: settings.leaseMs * 1_000_000,
      max_deliver: settings.maxDeliver,
      max_ack_pending: Math.min(MOST_AT_ONCE, atOnce),
    },
  }));
}

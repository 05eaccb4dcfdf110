// What comes over the bus, as events of the core. Malformed messages say nothing and are passed over: whoever consumes them complains.
import { type Bus, followStream, type Logger, type StreamFollowing } from '@cortex/bus';
import {
  canonicalMaster,
  decodeMessage,
  HEADERS,
  type LogRecord,
  logRecordSchema,
  type Outcome,
  presenceSchema,
  type Telemetry,
  telemetrySchema,
  unescapeToken,
} from '@cortex/schemas';
import type { Backlog, Claim, Step, WatchEvent } from './events.js';

export type OnEvent = (event: WatchEvent, at: number) => void;

export interface Sources {
  /** Resolves when the log has been read up to now. */
  readonly caughtUp: Promise<void>;
  stop(): void;
}

/** @param onRecord told every step of the log that is stored from now on: read once, for all who want it */
export function openSources(
  bus: Bus,
  catchUpHours: number,
  onEvent: OnEvent,
  onRecord: (record: LogRecord) => void,
  log: Logger,
): Sources {
  const { nc, subjects } = bus;
  const on = (subject: string, read: (data: Uint8Array, source: string | undefined) => WatchEvent | undefined) =>
    nc.subscribe(subject, {
      callback(error, msg) {
        if (error) return;
        let event: WatchEvent | undefined;
        try {
          event = read(msg.data, msg.headers?.get(HEADERS.ceSource) || undefined);
        } catch {
          return;
        }
        if (event) onEvent(event, Date.now());
      },
    });
  const subscriptions = [
    on(subjects.telemetryAll, (data, source) => beatOf(decodeMessage('telemetry', telemetrySchema, data), source)),
    on(subjects.outcomes, (data) => claimOf(JSON.parse(new TextDecoder().decode(data)))),
    on(subjects.submit, (data) => {
      const id = (JSON.parse(new TextDecoder().decode(data)) as { id?: unknown }).id;
      return typeof id === 'string' ? { kind: 'submit', task: id } : undefined;
    }),
    on(subjects.presenceAll, (data) => {
      const { actor, instance, state, at } = decodeMessage('presence', presenceSchema, data);
      return { kind: 'presence', actor, instance, state, at: Date.parse(at) };
    }),
  ];
  const offReconnect = bus.onReconnect(() => onEvent({ kind: 'back' }, Date.now()));
  const logReading = readLog(bus, catchUpHours, onEvent, onRecord, log);
  return {
    caughtUp: logReading.caughtUp,
    stop() {
      for (const subscription of subscriptions) subscription.unsubscribe();
      offReconnect();
      logReading.stop();
    },
  };
}

export function beatOf(telemetry: Telemetry, source: string | undefined): WatchEvent {
  const tasks = Array.isArray(telemetry.tasks)
    ? telemetry.tasks.filter((id): id is string => typeof id === 'string')
    : telemetry.task === undefined
      ? []
      : [telemetry.task];
  return {
    kind: 'beat',
    worker: telemetry.worker,
    master: canonicalMaster(telemetry.master),
    at: Date.parse(telemetry.at),
    status: telemetry.status,
    tasks,
    gauges: telemetry.gauges,
    ...(telemetry.asking === undefined ? {} : { asking: telemetry.asking }),
    ...(telemetry.capabilities === undefined ? {} : { capabilities: telemetry.capabilities }),
    ...(source === undefined ? {} : { source }),
  };
}

/** A claim as it came; undefined for what is none. */
export function claimOf(json: unknown): Claim | undefined {
  const claim = json as Partial<Outcome> & { evidence?: unknown };
  if (typeof claim?.task !== 'string' || typeof claim.status !== 'string') return undefined;
  const number = (value: unknown) => (typeof value === 'number' && Number.isFinite(value) ? value : undefined);
  return {
    kind: 'claim',
    task: claim.task,
    status: claim.status,
    evidence: Array.isArray(claim.evidence) ? claim.evidence.length : 0,
    ...(typeof claim.worker === 'string' ? { worker: claim.worker } : {}),
    ...(typeof claim.master === 'string' ? { master: canonicalMaster(claim.master) } : {}),
    ...optional('attempt', number(claim.attempt)),
    ...(typeof claim.success === 'boolean' ? { success: claim.success } : {}),
    ...optional('minutes', number(claim.minutes)),
    ...optional('tokens', number(claim.tokens)),
  };
}

export function stepOf(record: LogRecord): Step {
  const { task, decision, outcome, correction } = record;
  const budget = task.budget as { tokens?: number; minutes?: number } | undefined;
  const claim = outcome ? claimOf(outcome) : undefined;
  const deadline = typeof task.deadline === 'string' ? Date.parse(task.deadline) : undefined;
  const master = decision?.master ?? 'coordinator';
  return {
    kind: 'step',
    task: task.id,
    step: record.step,
    master,
    priority: task.priority,
    revision: record.revision,
    settled: record.settled_as !== undefined,
    ...optional('attempts', record.attempts),
    ...optional('tokenBudget', budget?.tokens),
    ...optional('minuteBudget', budget?.minutes),
    ...optional('p90Minutes', decision?.prediction?.minutes?.p90),
    ...(decision && record.step === 'decided' ? { nextBest: nextBest(decision, master), method: decision.method } : {}),
    ...optional('deadline', deadline),
    ...optional('traceId', decision?.trace_id),
    ...optional('outcome', claim),
    ...optional('correctMaster', correction?.master),
  };
}

/** Who else came into question, likeliest first: a task whose master alone fits waits for it, whoever else is idle. */
function nextBest(decision: NonNullable<LogRecord['decision']>, chosen: string): string[] {
  const odds = decision.probabilities;
  return decision.candidates
    .filter((name) => name !== chosen)
    .sort((a, b) => (odds[b] ?? 0) - (odds[a] ?? 0))
    .slice(0, 5);
}

function optional<K extends string, V>(key: K, value: V | undefined): { [k in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [k in K]: V });
}

/** Reads the log from some hours ago and goes on with it as it grows. The times of old records are those at which they were stored. */
function readLog(
  bus: Bus,
  hours: number,
  onEvent: OnEvent,
  onRecord: (record: LogRecord) => void,
  log: Logger,
): StreamFollowing {
  const began = Date.now();
  const from = new Date(began - hours * 3_600_000);
  return followStream(bus, bus.subjects.stream('LOG'), from, log, (message) => {
    const storedAt = message.time.getTime();
    let record: LogRecord;
    try {
      record = decodeMessage('log record', logRecordSchema, message.data);
    } catch {
      // Not written by a coordinator.
      return;
    }
    onEvent(stepOf(record), message.info.pending > 0 ? storedAt : Date.now());
    if (storedAt >= began) onRecord(record);
  });
}

/** Which actor empties which stream's consumer. */
const EMPTIED_BY: Readonly<Record<string, string>> = {
  TASKS: 'coordinator',
  OUTCOMES: 'coordinator',
  REVIEWS: 'coordinator',
};

/** How every consumer stands that somebody should be emptying. */
export async function readBacklogs(bus: Bus): Promise<Backlog[]> {
  const found: Backlog[] = [];
  for (const name of ['LOG', 'TASKS', 'OUTCOMES', 'REVIEWS', 'ASKS', 'JOBS'] as const) {
    const stream = bus.subjects.stream(name);
    for await (const info of bus.jsm.consumers.list(stream)) {
      if (info.config.durable_name === undefined) continue;
      const work = name === 'LOG' ? /^work-(.+)-(?:critical|high|medium|low)$/.exec(info.name)?.[1] : undefined;
      if (name === 'LOG' && work === undefined) continue;
      // Asks are answered without acknowledgement, by the actor the consumer is named after.
      const actor = name === 'LOG' || name === 'JOBS' ? undefined : (EMPTIED_BY[name] ?? info.name);
      found.push({
        kind: 'backlog',
        stream: name,
        consumer: info.name,
        ...(work === undefined ? {} : { master: nameOf(work) }),
        ...(actor === undefined || (name !== 'ASKS' && info.name !== actor) ? {} : { actor }),
        pending: info.num_pending,
        ackPending: info.num_ack_pending,
        redelivered: info.num_redelivered,
        delivered: info.delivered.stream_seq,
        ackFloor: info.ack_floor.stream_seq,
      });
    }
  }
  return found;
}

function nameOf(token: string): string {
  return unescapeToken(token);
}

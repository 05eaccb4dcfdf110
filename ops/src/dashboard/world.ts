// What the dashboard knows: every stream followed into bounded memory, told on as rows, topics and a picture each second.
import { type Bus, type MasterRegistry, openMasters, watchSpans } from '@cortex/bus';
import {
  type Action,
  type Alert,
  actionSchema,
  alertSchema,
  canonicalMaster,
  deadLetterSchema,
  decodeMessage,
  logRecordSchema,
  type Master,
  type ModelEvent,
  modelEventSchema,
  type ReviewAnswer,
  type ReviewRequest,
  reviewAnswerSchema,
  reviewRequestSchema,
  telemetrySchema,
} from '@cortex/schemas';
import { lastWords } from '../cli/commands/alerts.js';
import { matched } from '../cli/commands/review.js';
import { type Following, follow } from './follow.js';
import { type Trials, watchTrials } from './models/trials.js';
import { ailments } from './now/health.js';
import { rollCall } from './now/roll-call.js';
import { tally } from './now/tally.js';
import { countWaiting, type Waiting } from './now/waiting.js';
import { TASKS_IN_VIEW, type TaskIndex, taskIndex } from './tasks/task-index.js';
import type { LetterRow, MasterFlow, Now, Question, SpanRow, TaskRow, Topic, WorkerRow } from './wire.js';

export interface World {
  readonly bus: Bus;
  readonly tasks: TaskIndex;
  /** Undefined until the registry's bucket is there. */
  registry(): MasterRegistry | undefined;
  masters(): Master[];
  questions(): Question[];
  /** Newest first. */
  letters(): LetterRow[];
  alerts(): Alert[];
  actions(): Action[];
  modelEvents(): ModelEvent[];
  workers(): WorkerRow[];
  flows(): MasterFlow[];
  readonly trials: Trials;
  spansOf(trace: string): SpanRow[];
  now(): Now;
  /** Counts what waits and who is there anew. */
  look(): Promise<void>;
  onRow(listener: (row: TaskRow) => void): () => void;
  onTopic(listener: (topic: Topic) => void): () => void;
  /** Resolves when the log's past has been read. */
  readonly caughtUp: Promise<void>;
  close(): Promise<void>;
}

const MOST_ALERTS = 500;
const MOST_ACTIONS = 2_000;
const MOST_EVENTS = 2_000;
const MOST_QUESTIONS = 20_000;
const MOST_LETTERS = 5_000;
/** A worker that has said nothing for so long is not shown. */
const WORKER_GONE_MS = 60_000;
const CHART_SECONDS = 120;

export function watchWorld(bus: Bus): World {
  const tasks = taskIndex();
  const counts = tally();
  const roll = rollCall(bus);
  const spans = watchSpans(bus);
  const requests = new Map<string, ReviewRequest>();
  const answers: ReviewAnswer[] = [];
  const letters = new Map<number, LetterRow>();
  const alerts: Alert[] = [];
  const actions: Action[] = [];
  const events: ModelEvent[] = [];
  const workers = new Map<string, WorkerRow>();
  const rowListeners = new Set<(row: TaskRow) => void>();
  const topicListeners = new Set<(topic: Topic) => void>();
  let registry: MasterRegistry | undefined;
  let waiting: Waiting = { inlet: { waiting: 0, in_hand: 0 }, asks: {}, work: new Map() };
  let open: Question[] | undefined;
  let dead = 0;
  let closed = false;
  let caughtUp: () => void = () => undefined;
  const whenCaughtUp = new Promise<void>((resolve) => {
    caughtUp = resolve;
  });
  const told = (topic: Topic) => {
    for (const listener of topicListeners) listener(topic);
  };
  const keep = <T>(list: T[], item: T, most: number) => {
    list.push(item);
    if (list.length > most) list.splice(0, list.length - most);
  };

  const followings: Following[] = [];
  const start = (...options: Parameters<typeof follow>[1][]) => {
    for (const one of options) followings.push(follow(bus, one));
  };
  const followLetters = () =>
    follow(bus, {
      stream: 'DEAD',
      filter: bus.subjects.deadAll,
      past: MOST_LETTERS,
      take(message) {
        const { payload: _p, headers: _h, ...rest } = decodeMessage('dead letter', deadLetterSchema, message.data);
        letters.set(message.seq, { ...rest, place: message.seq } as LetterRow);
        told('dead');
      },
      onReset: () => letters.clear(),
    });
  let following = followLetters();
  start(
    {
      stream: 'LOG',
      filter: bus.subjects.logAll,
      // Two to three records a task.
      past: TASKS_IN_VIEW * 3,
      take(message) {
        const record = decodeMessage('log record', logRecordSchema, message.data);
        counts.add(record);
        const { row } = tasks.apply(record);
        for (const listener of rowListeners) listener(row);
      },
      onReset() {
        tasks.clear();
        counts.clear();
      },
      onCaughtUp: () => caughtUp(),
    },
    {
      stream: 'REVIEWS',
      filter: bus.subjects.reviews,
      past: MOST_QUESTIONS,
      take(message) {
        open = undefined;
        if (message.subject === bus.subjects.reviewsRequested) {
          const request = decodeMessage('review', reviewRequestSchema, message.data);
          requests.set(request.id, request);
          if (requests.size > MOST_QUESTIONS) requests.delete(requests.keys().next().value ?? '');
        } else keep(answers, decodeMessage('answer', reviewAnswerSchema, message.data), MOST_QUESTIONS);
        told('reviews');
      },
    },
    {
      stream: 'ALERTS',
      filter: bus.subjects.alerts,
      past: MOST_ALERTS,
      take(message) {
        keep(alerts, decodeMessage('alert', alertSchema, message.data), MOST_ALERTS);
        told('alerts');
      },
    },
    {
      stream: 'ACTIONS',
      filter: bus.subjects.actions,
      past: MOST_ACTIONS,
      take(message) {
        keep(actions, decodeMessage('action', actionSchema, message.data), MOST_ACTIONS);
        told('actions');
      },
    },
    {
      stream: 'MODELS',
      filter: bus.subjects.modelEvents,
      past: MOST_EVENTS,
      take(message) {
        keep(events, decodeMessage('model event', modelEventSchema, message.data), MOST_EVENTS);
        told('models');
      },
    },
    {
      stream: 'TELEMETRY',
      filter: bus.subjects.telemetryAll,
      past: 'each',
      take(message) {
        const { worker, master, at, status, task, gauges } = decodeMessage('telemetry', telemetrySchema, message.data);
        workers.delete(worker);
        workers.set(worker, {
          worker,
          master: canonicalMaster(master),
          at,
          status,
          gauges,
          ...(task === undefined ? {} : { task }),
        });
        if (workers.size > 5_000) workers.delete(workers.keys().next().value ?? '');
      },
    },
  );
  const openRegistry = async () => {
    while (!closed && !registry) {
      try {
        const opened = await openMasters(bus);
        if (closed) return await opened.close();
        registry = opened;
        opened.onChange(() => told('masters'));
        told('masters');
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 1_000));
      }
    }
  };
  void openRegistry();
  const trials = watchTrials(bus, () => told('trials'));

  const liveWorkers = () => {
    const limit = Date.now() - WORKER_GONE_MS;
    return [...workers.values()].filter((worker) => Date.parse(worker.at) > limit && worker.status !== 'stopped');
  };
  const flows = (): MasterFlow[] => {
    const unfinished = new Map<string, number>();
    for (const row of tasks.rows()) if (isOpen(row)) unfinished.set(row.master, (unfinished.get(row.master) ?? 0) + 1);
    // The server counts decisions that a newer one has overtaken, too: with all tasks in view we know better.
    const open = (master: string, work: { waiting: number; in_hand: number }) =>
      tasks.size() < TASKS_IN_VIEW ? { ...work, waiting: Math.min(work.waiting, unfinished.get(master) ?? 0) } : work;
    const rates = counts.byMaster(60, Date.now());
    const live = liveWorkers();
    const known = registry?.list() ?? [];
    const names = new Set([...known.map((m) => m.name), ...rates.keys(), ...waiting.work.keys()]);
    names.delete('');
    return [...names].sort().flatMap((master): MasterFlow[] => {
      const registered = known.find((m) => m.name === master);
      const work = waiting.work.get(master) ?? { waiting: 0, in_hand: 0 };
      const rate = rates.get(master) ?? { decided: 0, settled: 0 };
      // A master that is gone is of interest only while it still has work.
      if (!registered && work.waiting + work.in_hand + rate.decided === 0) return [];
      const mine = live.filter((worker) => worker.master === master).length;
      return [{ master, status: registered?.status ?? 'removed', ...open(master, work), workers: mine, ...rate }];
    });
  };
  const questions = () => {
    open ??= matched([...requests.values()], answers);
    return open;
  };
  const now = (): Now => {
    const at = Date.now();
    const minute = counts.figures(60, at);
    const actors = roll.rows();
    const masters = flows();
    const wrong = openAlerts(alerts);
    const facts = { bus: bus.state(), actors, masters, inletWaiting: waiting.inlet.waiting, dead, alerts: wrong };
    return {
      at,
      bus: bus.state(),
      minute,
      ten: counts.figures(600, at),
      seconds: counts.series(CHART_SECONDS, at),
      inlet: waiting.inlet,
      asks: waiting.asks,
      masters,
      actors,
      ailments: ailments({ ...facts, within: minute.within, decidedLastMinute: minute.decided }),
      alerts: wrong.slice(0, 5),
      open_reviews: questions().filter((question) => !question.answer).length,
      open_alerts: wrong.length,
      dead,
      tasks_in_view: tasks.size(),
    };
  };
  const lookAtDead = async () => {
    const { state } = await bus.jsm.streams.info(bus.subjects.stream('DEAD'));
    dead = state.messages;
    // Somebody retried or dropped letters: which ones is read anew.
    if (letters.size > Math.min(dead, MOST_LETTERS)) {
      await following.stop();
      letters.clear();
      following = followLetters();
      told('dead');
    }
  };
  return {
    bus,
    tasks,
    registry: () => registry,
    masters: () => registry?.list() ?? [],
    questions,
    letters: () => [...letters.values()].reverse(),
    alerts: () => lastWords(alerts).reverse(),
    actions: () => [...actions].reverse(),
    modelEvents: () => [...events].reverse(),
    workers: liveWorkers,
    flows,
    trials,
    spansOf: spans.of,
    now,
    async look() {
      if (bus.state() !== 'connected') return;
      const [counted] = await Promise.all([countWaiting(bus), roll.ask(), lookAtDead().catch(() => undefined)]);
      waiting = counted;
    },
    onRow(listener) {
      rowListeners.add(listener);
      return () => rowListeners.delete(listener);
    },
    onTopic(listener) {
      topicListeners.add(listener);
      return () => topicListeners.delete(listener);
    },
    caughtUp: whenCaughtUp,
    async close() {
      closed = true;
      roll.close();
      spans.close();
      trials.close();
      await Promise.all([...followings, following].map((one) => one.stop()));
      await registry?.close();
    },
  };
}

const isOpen = (row: TaskRow): boolean => !['settled', 'cancelled', 'expired'].includes(row.state);

/** Alerts that are not over, worst first, then newest. */
function openAlerts(messages: readonly Alert[]): Alert[] {
  const rank = (alert: Alert) => ({ critical: 0, warning: 1, info: 2 })[alert.severity];
  return lastWords(messages)
    .filter((alert) => alert.status !== 'resolved')
    .sort((a, b) => rank(a) - rank(b) || (a.at < b.at ? 1 : -1));
}

// One history: tasks, cancels, corrections and claims run through the very `carryOut` of the coordinators and the very standing rule of the
// workers, on a server that loses, doubles and reorders. What must hold is checked from outside, on the log alone.
import { carryOut, type TaskEvent } from '@cortex/actor-coordinator';
import { standingOf } from '@cortex/actor-worker';
import { type Bus, type Logged, RetryLater } from '@cortex/bus';
import { type Decision, subjectsOf, type Task } from '@cortex/schemas';
import { AnswerLost, Process, Scheduler } from './scheduler.js';
import { Consumer, logFor, type Message, SimulatedLog } from './server.js';

export interface WorldOptions {
  readonly tasks: number;
  readonly coordinators: number;
  readonly workers: number;
  readonly keepTrace?: boolean;
  /** A server without compare-and-set: shows that the checks can fail. */
  readonly careless?: boolean;
}

export interface History {
  readonly seed: number;
  /** What was promised and did not hold; empty when all did. */
  readonly broken: string[];
  readonly steps: number;
  readonly crashes: number;
  readonly records: number;
  /** Claims that were fenced off, and work done twice: what the fence is for. */
  readonly fenced: number;
  readonly doneTwice: number;
  readonly trace: readonly string[];
}

const MASTERS = ['development', 'security', 'cicd'];
const MAX_DELIVER = 5;
const MOST_STEPS = 20_000;

/** Plays the history of a seed to its end. */
export async function play(seed: number, options: WorldOptions): Promise<History> {
  const scheduler = new Scheduler(seed, { crash: 0.03, lostAnswer: 0.03 }, options.keepTrace);
  const log = new SimulatedLog(options.careless);
  const inlet = new Consumer<TaskEvent>(scheduler);
  const work = new Map(MASTERS.map((master) => [master, new Consumer<Logged>(scheduler, MAX_DELIVER)]));
  const broken: string[] = [];
  const done = new Map<string, number>();
  let fenced = 0;
  let sequence = 0;
  const send = (event: TaskEvent) => {
    inlet.offer(++sequence, event);
    // A publisher that did not hear its acknowledgement sends again; the window of de-duplication may be over.
    if (scheduler.chance(0.08)) inlet.offer(++sequence, event);
  };
  log.onAppend = (logged) => {
    const { record } = logged;
    if (record.step !== 'decided') return;
    const master = record.decision?.master ?? '';
    work.get(master)?.offer(logged.sequence, logged);
  };
  for (const [, consumer] of work) {
    consumer.onExhausted = ({ body, delivery }) =>
      send({ kind: 'exhausted', task: body.record.task.id, revision: body.record.revision, deliveries: delivery });
  }

  const submitted = publishAll(scheduler, options.tasks, send);
  const coordinators = Array.from({ length: options.coordinators }, (_, i) => new Process(`coordinator-${i}`));
  const workers = Array.from({ length: options.workers }, (_, i) => new Process(`worker-${i}`));
  const holding = new Map<Process, number>();

  const coordinate = async (by: Process, message: Message<TaskEvent>) => {
    const epoch = by.epoch;
    const shell = {
      bus: { subjects: subjectsOf('sim'), instance: by.name } as Bus,
      log: logFor(by, log, scheduler),
      decide: async (task: Task) =>
        scheduler.local(by, `decides ${task.id}`, () => decisionOf(task, scheduler.pick(MASTERS) ?? 'security')),
      unknownTaskMs: Number.POSITIVE_INFINITY,
    };
    try {
      const task = taskOf(message.body);
      const carried = await carryOut(shell, {
        task,
        event: message.body,
        receivedAt: 0,
        cause: `IN:${message.sequence}`,
        ageMs: 0,
        redelivered: message.delivery > 1,
      });
      if (carried.plan.do === 'nothing' && carried.plan.refused) fenced++;
      await scheduler.step(by, `acknowledges ${message.sequence}`, () => inlet.ack(message));
    } catch (error) {
      if (error instanceof AnswerLost) return;
      if (!(error instanceof RetryLater)) {
        broken.push(`coordinator threw ${String(error)}`);
        return;
      }
      inlet.giveBack(message);
    } finally {
      if (by.epoch === epoch) holding.set(by, (holding.get(by) ?? 1) - 1);
    }
  };

  const labour = async (by: Process, master: string, consumer: Consumer<Logged>, message: Message<Logged>) => {
    const epoch = by.epoch;
    const { record } = message.body;
    const id = record.task.id;
    const publish = async (label: string, event: TaskEvent) => {
      for (;;) {
        try {
          return await scheduler.step(by, label, () => send(event));
        } catch (error) {
          if (!(error instanceof AnswerLost)) throw error;
        }
      }
    };
    try {
      const attempt = message.delivery;
      const last = await logFor(by, log, scheduler).last(id);
      const standing = standingOf(last, { sequence: message.sequence, revision: record.revision, attempt });
      if (standing === 'wanted') {
        const common = { task: id, attempt, worker: by.name, revision: record.revision };
        if (attempt > 1) await publish(`announces attempt ${attempt} of ${id}`, { kind: 'attempt', ...common });
        await scheduler.local(by, `works on ${id}`, () => done.set(id, (done.get(id) ?? 0) + 1));
        const status = scheduler.chance(0.8) ? ('completed' as const) : ('failed' as const);
        await publish(`claims ${id}`, { kind: 'claim', outcome: { ...common, master, status } });
      }
      await scheduler.step(by, `acknowledges work on ${id}`, () => consumer.ack(message));
    } catch (error) {
      if (!(error instanceof AnswerLost)) throw error;
    } finally {
      if (by.epoch === epoch) holding.set(by, 0);
    }
  };

  let steps = 0;
  const finished = () => inlet.idle && [...work.values()].every((consumer) => consumer.idle) && scheduler.waiting === 0;
  while (!finished()) {
    if (++steps > MOST_STEPS) {
      broken.push(`not at its end after ${MOST_STEPS} steps`);
      break;
    }
    // Faults for most of the history; then peace, in which everything has to come to its end.
    const calm = steps > options.tasks * 60;
    const by = scheduler.pick([...coordinators, ...workers]) as Process;
    const isWorker = workers.includes(by);
    if (!isWorker && (holding.get(by) ?? 0) < 3 && inlet.anyReady && scheduler.chance(0.5)) {
      const message = inlet.take(by);
      if (message) {
        holding.set(by, (holding.get(by) ?? 0) + 1);
        void coordinate(by, message);
      }
    } else if (isWorker && (holding.get(by) ?? 0) < 1 && scheduler.chance(0.5)) {
      const [master, consumer] = scheduler.pick([...work]) as [string, Consumer<Logged>];
      const message = consumer.take(by);
      if (message) {
        holding.set(by, 1);
        void labour(by, master, consumer, message);
      }
    }
    const crashes = scheduler.crashes;
    await scheduler.next(calm);
    // Whoever died holds nothing any more and is started again at once.
    if (scheduler.crashes > crashes) for (const process of [...coordinators, ...workers]) reset(process, holding);
    const slow = calm ? 0 : 0.004;
    inlet.expire(slow);
    for (const consumer of work.values()) consumer.expire(slow);
  }
  broken.push(...check(log, submitted));
  return {
    seed,
    broken,
    steps,
    crashes: scheduler.crashes,
    records: log.records.length,
    fenced,
    doneTwice: [...done.values()].filter((times) => times > 1).length,
    trace: scheduler.trace,
  };
}

const epochs = new WeakMap<Process, number>();
function reset(process: Process, holding: Map<Process, number>): void {
  if (epochs.get(process) === process.epoch) return;
  epochs.set(process, process.epoch);
  holding.set(process, 0);
}

function taskOf(event: TaskEvent): string {
  if (event.kind === 'submit') return event.task.id;
  return event.kind === 'claim' ? event.outcome.task : event.task;
}

/** Tasks, some twice, some cancelled, some corrected or sent back by a person; all in one random order, a cancel before its task too. */
function publishAll(scheduler: Scheduler, tasks: number, send: (event: TaskEvent) => void): string[] {
  const events: TaskEvent[] = [];
  const ids = Array.from({ length: tasks }, (_, i) => `t${i}`);
  for (const id of ids) {
    const task: Task = { id, text: `task ${id}`, priority: 'medium' };
    events.push({ kind: 'submit', task, now: 0 });
    if (scheduler.chance(0.1)) events.push({ kind: 'submit', task, now: 0 });
    if (scheduler.chance(0.1)) events.push({ kind: 'cancel', task: id });
    if (scheduler.chance(0.2))
      events.push({ kind: 'answer', task: id, master: scheduler.pick(MASTERS), retry: false, by: 'person' });
    if (scheduler.chance(0.1)) events.push({ kind: 'answer', task: id, retry: true, by: 'person' });
  }
  while (events.length > 0) {
    const [event] = events.splice(Math.floor(scheduler.random() * events.length), 1);
    if (event) send(event);
  }
  return ids;
}

function decisionOf(task: Task, master: string): Decision {
  return {
    task: task.id,
    master,
    confidence: 0.9,
    probabilities: { [master]: 0.9 },
    experts: [],
    method: 'ensemble',
    propensity: 1,
    candidates: [master],
    models: {},
    arm: 'champion',
    explanation: [],
    latency_ms: 0,
    decided_at: new Date(0).toISOString(),
  };
}

/** The promises, read off the log: nothing lost, nothing applied twice, nobody overtaken. */
function check(log: SimulatedLog, submitted: readonly string[]): string[] {
  const broken: string[] = [];
  for (const id of submitted) {
    const records = log.history(id).map(({ record }) => record);
    const last = records.at(-1);
    if (last?.settled_as === undefined) broken.push(`${id} is lost: its last record is ${last?.step ?? 'none'}`);
    let ended = false;
    records.forEach((record, i) => {
      const before = records[i - 1];
      if (record.revision !== i + 1) broken.push(`${id}: revision ${record.revision} stands at place ${i + 1}`);
      if (record.cause !== undefined && records.slice(0, i).some((earlier) => earlier.cause === record.cause))
        broken.push(`${id}: one message (${record.cause}) was carried out twice`);
      const ends = record.step === 'settled' || record.step === 'cancelled' || record.step === 'expired';
      if (ends && ended) broken.push(`${id}: ended twice, by ${record.step} at revision ${record.revision}`);
      if (ends) ended = true;
      // Only a person reopens what has ended.
      if (record.step === 'decided') ended = false;
      if (record.step === 'settled' && record.outcome?.worker !== 'cortex') {
        const attempt = record.outcome?.attempt ?? 1;
        if (attempt < (before?.attempts ?? 0))
          broken.push(`${id}: settled by attempt ${attempt} although attempt ${before?.attempts} had announced itself`);
        if (record.outcome?.revision !== undefined && record.outcome.revision !== before?.decided_revision)
          broken.push(
            `${id}: settled under decision ${record.outcome.revision}, in force was ${before?.decided_revision}`,
          );
      }
    });
  }
  return broken;
}

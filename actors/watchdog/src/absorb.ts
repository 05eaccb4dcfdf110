// Takes one event into the state. No judgement here: rules look at the result.
import { addResult, forgive } from './cusum.js';
import type { Backlog, Beat, Claim, Presence, Step, WatchEvent } from './events.js';
import {
  begun,
  bound,
  forgetBefore,
  keep,
  LONGEST_RHYTHM_MS,
  type MasterState,
  MOST,
  masterOf,
  rhythm,
  silenceLimit,
  type WatchState,
  type WorkerState,
} from './state.js';

/** Load moves by itself: it is no sign of progress. Counts of tasks move only between tasks. */
const LOAD = new Set(['cpu', 'memory_mb', 'in_flight', 'tasks_done', 'tasks_failed']);
const KEEP_MS = 300_000;
/** A worker silent for so long is forgotten. */
const FORGET_WORKER_MS = 900_000;
/** Presence older than this is of a process that has gone. */
const FORGET_ACTOR_MS = 60_000;

export function absorb(state: WatchState, event: WatchEvent, now: number): void {
  switch (event.kind) {
    case 'beat':
      beat(state, event, now);
      break;
    case 'step':
      step(state, event, now);
      break;
    case 'claim':
      claim(state, event, now);
      break;
    case 'submit':
      repeated(state, `submit ${event.task}`, 'tasks.submit', now);
      break;
    case 'backlog':
      backlog(state, event, now);
      break;
    case 'presence':
      presence(state, event, now);
      break;
    case 'back':
      state.graceUntil = now + 15_000;
      for (const worker of state.workers.values()) worker.heardAt = Math.max(worker.heardAt, now);
      break;
    case 'rest':
      if (event.resting) state.resting.add(event.worker);
      else state.resting.delete(event.worker);
      break;
    case 'proven':
      proven(masterOf(state, event.master));
      break;
    case 'tick':
      forget(state, now);
  }
}

/** What led to its rest has been answered for: it must not be paused for it again. */
function proven(master: MasterState): void {
  forgive(master.success);
  master.retries.length = 0;
}

function beat(state: WatchState, event: Beat, now: number): void {
  const before = state.workers.get(event.worker);
  // An old message sent again would turn time back. When nothing newer comes any more, it is the clock that was set back; and a restarted
  // process under the same name comes from another connection.
  const older =
    before &&
    event.source === before.source &&
    (event.at < before.saidAt || (event.at === before.saidAt && sameBeat(before, event)));
  if (older && now - before.heardAt < 2.5 * rhythm(before)) {
    repeated(state, `beat ${event.worker} ${event.at}`, `telemetry.${event.worker}`, now, true);
    return;
  }
  const worker: WorkerState = before ?? {
    worker: event.worker,
    master: event.master,
    status: event.status,
    firstAt: now,
    heardAt: now,
    saidAt: event.at,
    intervals: [],
    tasks: new Map(),
    gauges: {},
    movedAt: now,
    idleSince: undefined,
    skews: [],
    turns: 0,
    source: event.source,
  };
  if (before) {
    learnRhythm(worker, now - worker.heardAt);
    if (event.source !== undefined && event.source !== worker.source) {
      worker.turns++;
      // Another process: nobody told this one to rest.
      state.resting.delete(event.worker);
    } else worker.turns = Math.max(0, worker.turns - 0.5);
  }
  const progressed = Object.entries(event.gauges).some(
    ([name, value]) => !LOAD.has(name) && worker.gauges[name] !== value,
  );
  const sameWork = event.tasks.length === worker.tasks.size && event.tasks.every((task) => worker.tasks.has(task));
  const asking = new Set(event.asking);
  // Who waits for a person neither gets on nor hangs: its time counts anew from the answer.
  if (progressed || !sameWork || event.status !== worker.status || asking.size > 0) worker.movedAt = now;
  masterOf(state, event.master).hadWorkers = true;
  if (progressed && sameWork && event.tasks.length > 0) masterOf(state, event.master).progressSeen++;
  worker.idleSince = event.tasks.length === 0 && event.status === 'idle' ? (worker.idleSince ?? now) : undefined;
  worker.master = event.master;
  worker.status = event.status;
  worker.heardAt = now;
  worker.saidAt = event.at;
  worker.source = event.source;
  worker.gauges = { ...event.gauges };
  worker.capabilities = event.capabilities ?? [];
  keep(worker.skews, event.at - now, 4);
  worker.tasks = new Map(event.tasks.map((task) => [task, asking.has(task) ? now : (worker.tasks.get(task) ?? now)]));
  for (const [task, since] of worker.tasks) {
    const known = state.tasks.get(task);
    if (!known) continue;
    known.runs.set(event.worker, { since, last: now });
    begun(state, known);
  }
  state.workers.delete(event.worker);
  state.workers.set(event.worker, worker);
  bound(state.workers, MOST.workers);
}

/** Silent twice for so long, and alike: that is how it beats, not a trouble. Else a slow rhythm could never be learned. */
function learnRhythm(worker: WorkerState, gap: number): void {
  if (gap <= silenceLimit(worker)) {
    keep(worker.intervals, gap, 8);
    delete worker.longGap;
    return;
  }
  const before = worker.longGap ?? 0;
  if (gap <= LONGEST_RHYTHM_MS && Math.max(gap, before) <= 1.5 * Math.min(gap, before))
    for (const interval of [before, gap]) keep(worker.intervals, interval, 8);
  worker.longGap = gap;
}

/** Two words within one millisecond differ in what they say; the same word twice was sent again. */
function sameBeat(worker: WorkerState, event: Beat): boolean {
  return (
    event.status === worker.status &&
    event.tasks.length === worker.tasks.size &&
    event.tasks.every((task) => worker.tasks.has(task)) &&
    Object.entries(event.gauges).every(([name, value]) => worker.gauges[name] === value)
  );
}

function step(state: WatchState, event: Step, now: number): void {
  if (event.step === 'decided') {
    const before = state.tasks.get(event.task);
    state.tasks.delete(event.task);
    state.settled.delete(event.task);
    state.tasks.set(event.task, {
      task: event.task,
      master: event.master,
      priority: event.priority,
      decidedAt: now,
      again: before !== undefined,
      revision: event.revision,
      attempts: event.attempts ?? 0,
      tokenBudget: event.tokenBudget,
      minuteBudget: event.minuteBudget,
      p90Minutes: event.p90Minutes,
      nextBest: event.nextBest ?? before?.nextBest ?? [],
      traceId: event.traceId,
      runs: new Map(),
    });
    if (event.correctMaster !== undefined && before && before.master !== event.correctMaster)
      addResult(state.quality, true, now);
    bound(state.tasks, MOST.tasks);
    return;
  }
  const task = state.tasks.get(event.task);
  if (event.step === 'escalated') {
    if (task) task.attempts = Math.max(task.attempts, event.attempts ?? 0);
    keep(masterOf(state, event.master).retries, now, 1_000);
    return;
  }
  if (event.step === 'corrected') {
    const done = state.settled.get(event.task);
    if (done && !done.labelled && event.correctMaster !== undefined) {
      done.labelled = true;
      addResult(state.quality, event.correctMaster !== done.master, now);
    }
    return;
  }
  if (event.settled !== true) return;
  if (task) begun(state, task);
  state.tasks.delete(event.task);
  const labelled = event.correctMaster !== undefined;
  if (labelled) addResult(state.quality, event.correctMaster !== event.master, now);
  state.settled.set(event.task, { at: now, master: event.master, labelled });
  bound(state.settled, MOST.settled);
  const { outcome } = event;
  if (event.step !== 'settled' || !outcome) return;
  const master = masterOf(state, event.master);
  master.settledAt = now;
  keep(master.settlements, now, 1_000);
  const began = task ? Math.min(...[...task.runs.values()].map((run) => run.since)) : Number.POSITIVE_INFINITY;
  const minutes = outcome.minutes === undefined ? undefined : outcome.minutes * 60_000;
  const lasted = minutes ?? (Number.isFinite(began) ? now - began : undefined);
  const success = outcome.success ?? outcome.status === 'completed';
  if (lasted !== undefined && success) {
    keep(master.durations, lasted, MOST.durations);
    master.measured++;
  }
  if (success) {
    master.completed++;
    if (outcome.evidence > 0) master.withEvidence++;
  }
  if (outcome.status === 'completed' || outcome.status === 'failed') addResult(master.success, !success, now);
}

function claim(state: WatchState, event: Claim, now: number): void {
  if (event.status === 'started') return;
  repeated(
    state,
    `claim ${event.task} ${event.worker ?? ''} ${event.attempt ?? 0} ${event.status}`,
    `outcomes of ${event.worker ?? event.master ?? 'somebody'}`,
    now,
  );
}

/** Notes a message, and when it was there before that it came again. */
function repeated(state: WatchState, id: string, source: string, now: number, certain = false): void {
  const first = state.seen.get(id);
  if (first === undefined && !certain) {
    state.seen.set(id, now);
    bound(state.seen, MOST.seen);
    return;
  }
  const moments = state.repeats.get(source) ?? [];
  keep(moments, now, 1_000);
  state.repeats.set(source, moments);
  bound(state.repeats, 1_000);
}

function backlog(state: WatchState, event: Backlog, now: number): void {
  const key = `${event.stream}/${event.consumer}`;
  const before = state.consumers.get(key);
  const empty = event.pending === 0 && event.ackPending === 0;
  const moved = !before || before.delivered !== event.delivered || before.ackFloor !== event.ackFloor;
  state.consumers.set(key, {
    stream: event.stream,
    consumer: event.consumer,
    master: event.master,
    actor: event.actor,
    pending: event.pending,
    ackPending: event.ackPending,
    delivered: event.delivered,
    ackFloor: event.ackFloor,
    movedAt: empty || moved ? now : before.movedAt,
    heardAt: now,
  });
  if (event.master === undefined) return;
  const master = masterOf(state, event.master);
  let pending = 0;
  for (const other of state.consumers.values()) if (other.master === event.master) pending += other.pending;
  const last = master.queue.at(-1);
  // The four priorities are read together: one sample.
  if (last && now - last.at < 1_000) last.pending = pending;
  else keep(master.queue, { at: now, pending }, MOST.samples);
  master.waitingSince = pending === 0 ? undefined : (master.waitingSince ?? now);
}

function presence(state: WatchState, event: Presence, now: number): void {
  const key = `${event.actor}/${event.instance}`;
  if (event.state === 'stopped' || event.state === 'failed') {
    state.actors.delete(key);
    return;
  }
  const before = state.actors.get(key);
  const seen = before ?? {
    actor: event.actor,
    instance: event.instance,
    state: event.state,
    firstAt: now,
    heardAt: now,
    skews: [],
  };
  seen.state = event.state;
  seen.heardAt = now;
  keep(seen.skews, event.at - now, 4);
  state.actors.set(key, seen);
  bound(state.actors, MOST.workers);
}

function forget(state: WatchState, now: number): void {
  for (const worker of state.workers.values()) {
    const gone = now - worker.heardAt;
    // It said that it would go, and went.
    const left = worker.status === 'draining' && worker.tasks.size === 0 && gone > 2_000;
    if (left || gone > FORGET_WORKER_MS) {
      state.workers.delete(worker.worker);
      state.resting.delete(worker.worker);
    }
  }
  for (const [key, seen] of state.actors) if (now - seen.heardAt > FORGET_ACTOR_MS) state.actors.delete(key);
  for (const master of state.masters.values()) {
    forgetBefore(master.retries, now - KEEP_MS);
    forgetBefore(master.settlements, now - KEEP_MS);
  }
  for (const [source, moments] of state.repeats) {
    forgetBefore(moments, now - KEEP_MS);
    if (moments.length === 0) state.repeats.delete(source);
  }
}

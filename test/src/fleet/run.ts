// One run of the fleet: a real server, coordinator and worker processes under load, faults at random, with or without a watchdog.

import { coordinatorActor } from '@cortex/actor-coordinator';
import { watchdogActor } from '@cortex/actor-watchdog';
import {
  type Bus,
  connectBus,
  openMasters,
  openSettings,
  provision,
  runActor,
  silentLogger,
  startTestServer,
  until,
} from '@cortex/bus';
import { seededRandom } from '@cortex/models';
import type { Action, Alert, LogRecord, Telemetry } from '@cortex/schemas';
import { FAULTS, type Fault, type Site } from './faults.js';
import { launchWorkers } from './launcher.js';

export interface FleetOptions {
  readonly seed: number;
  readonly workers: number;
  readonly masters: number;
  /** Seconds between two faults. */
  readonly everySeconds: number;
  readonly faults: number;
  readonly only?: readonly string[];
  readonly watchdog: boolean;
  /** Seconds of gaps between arrivals, one after another and again from the start: real ones where there are. */
  readonly gaps: readonly number[];
  readonly say?: (line: string) => void;
}

export interface FoundFault {
  readonly kind: string;
  readonly targets: readonly string[];
  /** Seconds until the alert; undefined: never. */
  readonly seconds: number | undefined;
  /** An alert of this kind about it was open already when it began: nothing is said twice, and nothing was to be found. */
  readonly known: boolean;
}

export interface FleetResult {
  readonly faults: readonly FoundFault[];
  readonly tasks: number;
  /** Settled with success within `DEADLINE_S` of their submission. */
  readonly intime: number;
  /** Neither settled nor cancelled by the end. */
  readonly open: number;
  readonly meanSeconds: number;
  readonly interventions: Readonly<Record<string, number>>;
}

/** A task is worth something when it is done within so long. */
export const DEADLINE_S = 20;
/** An alert counts for a fault within so long. */
const FOUND_S = 40;
const WARM_UP_S = 15;
const COOL_DOWN_S = 25;

/** Time is compressed about fivefold: workers beat each second instead of each five. */
const WATCHDOG = {
  tickMs: 500,
  backlogMs: 1_000,
  takeOverMs: 2_000,
  coolDownMs: 8_000,
  breakerRestMs: 6_000,
  graceMs: 1_000,
  mostShare: 0.25,
  shareMs: 15_000,
  anomaliesADay: 0,
  thresholds: {
    pendingMs: 8_000,
    idleMs: 5_000,
    frozenMs: 10_000,
    runningMs: 120_000,
    runningLeastMs: 8_000,
    stillLeastMs: 6_000,
    queueMs: 12_000,
    queueLeast: 15,
  },
};

export async function runFleet(options: FleetOptions): Promise<FleetResult> {
  // Load, labels and faults draw from streams of their own: the same seed makes the same faults, with a watchdog and without.
  const random = seededRandom(options.seed);
  const labels = seededRandom(options.seed + 1_000);
  const order = seededRandom(options.seed + 2_000);
  const say = options.say ?? (() => undefined);
  const server = await startTestServer();
  const buses: Bus[] = [];
  const connect = async (name: string) => {
    const bus = await connectBus({ servers: server.url, name });
    buses.push(bus);
    return bus;
  };
  const bus = await connect('sim');
  await provision(bus, { leaseMs: 6_000 });
  const names = ['alpha', 'beta', 'gamma', 'delta'].slice(0, options.masters);
  const registry = await openMasters(bus);
  for (const name of names)
    await registry.put({ name, keywords: [`${name}work`, `${name}job`, `${name}thing`], description: name });
  const settings = await openSettings(bus);
  await settings.set('coordinator.unsure', 'best');
  const coordinator = await runActor(coordinatorActor({}), await connect('coordinator'), { log: silentLogger });
  const watchdog = options.watchdog
    ? await runActor(watchdogActor(WATCHDOG), await connect('watchdog'), { log: silentLogger })
    : undefined;
  const plans = Array.from({ length: options.workers }, (_, i) => ({
    name: `w-${i}`,
    master: names[i % names.length] as string,
  }));
  const launcher = launchWorkers(plans, server.url);
  await launcher.start().catch(async (error) => {
    await launcher.stop();
    throw error;
  });

  const submitted = new Map<string, number>();
  const ended = new Map<string, { at: number; success: boolean }>();
  const settledTasks: { task: string; master: string }[] = [];
  const last = new Map<string, { tasks: readonly string[]; source: string }>();
  const beats: { subject: string; data: Uint8Array; source: string }[] = [];
  const alerts: { alert: Alert; at: number }[] = [];
  const interventions: Record<string, number> = {};
  /** Published again where an acknowledgement was late: counted once. */
  const counted = new Set<string>();
  const timers = new Set<NodeJS.Timeout>();
  bus.nc.subscribe(bus.subjects.live('*'), {
    callback(_error, msg) {
      const record = msg.json<LogRecord>();
      if (record.settled_as === undefined || record.step === 'corrected') return;
      ended.set(record.task.id, { at: Date.now(), success: record.outcome?.success === true });
      if (record.step !== 'settled' || !record.decision) return;
      const { master } = record.decision;
      // Somebody looks at some of them and finds that they were where they belong.
      if (labels() < 0.3)
        bus.nc.publish(bus.subjects.reviewsAnswered, JSON.stringify({ task: record.task.id, master, by: 'somebody' }));
      else settledTasks.push({ task: record.task.id, master });
    },
  });
  bus.nc.subscribe(bus.subjects.telemetryAll, {
    callback(_error, msg) {
      const telemetry = msg.json<Telemetry>();
      const source = msg.headers?.get('ce-source') ?? '';
      last.set(telemetry.worker, { tasks: telemetry.task === undefined ? [] : [telemetry.task], source });
      beats.push({ subject: msg.subject, data: msg.data.slice(), source });
      if (beats.length > 200) beats.shift();
    },
  });
  bus.nc.subscribe(bus.subjects.alerts, {
    callback: (_error, msg) => void alerts.push({ alert: msg.json<Alert>(), at: Date.now() }),
  });
  bus.nc.subscribe(bus.subjects.actions, {
    callback(_error, msg) {
      const { id, kind, state, target, reason, error } = msg.json<Action>();
      if (counted.has(`${id} ${state}`)) return;
      counted.add(`${id} ${state}`);
      const key = state === 'done' ? kind : `${kind} ${state}`;
      interventions[key] = (interventions[key] ?? 0) + 1;
      if (!/task|lease/.test(kind)) say(`    ${key} ${target}: ${error ?? reason}`);
    },
  });

  let count = 0;
  const submit: Site['submit'] = async (master, { ms = 300 + 400 * random(), tokens = 400, budget } = {}) => {
    const id = `t-${options.seed}-${count++}`;
    const other = names[(names.indexOf(master) + 1) % names.length];
    const task = {
      id,
      text: `${master}work ${master}job ${master}thing, and some ${other}work`,
      labels: { ms: String(Math.round(ms)), tokens: String(tokens) },
      ...(budget === undefined ? {} : { budget: { tokens: budget } }),
    };
    submitted.set(id, Date.now());
    bus.nc.publish(bus.subjects.submit, JSON.stringify(task));
    return id;
  };
  const later = (ms: number, work: () => void) => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      work();
    }, ms);
    timers.add(timer);
  };
  const site: Omit<Site, 'random'> = {
    bus,
    workers: launcher.workers,
    masters: names,
    submit,
    heard: (worker) => last.get(worker),
    settled: () => settledTasks,
    beats: () => beats,
    later,
  };

  let loading = true;
  const load = (async () => {
    for (let i = 0; loading; i++) {
      await submit(names[Math.floor(random() * names.length)] as string);
      const gap = options.gaps[i % options.gaps.length] as number;
      await new Promise((resolve) => setTimeout(resolve, gap * 1_000));
    }
  })();
  const sleep = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  await sleep(WARM_UP_S);
  const kinds = FAULTS.filter(({ kind }) => options.only === undefined || options.only.includes(kind));
  const injected: { fault: Fault; targets: readonly string[]; began: number; at: number }[] = [];
  let bag: Fault[] = [];
  for (let i = 0; i < options.faults; i++) {
    // Each kind once before any comes twice.
    if (bag.length === 0) bag = [...kinds];
    const fault = bag.splice(Math.floor(order() * bag.length), 1)[0] as Fault;
    const began = Date.now();
    const done = await fault.inject({ ...site, random: seededRandom(1_000 * options.seed + i) });
    if (done) injected.push({ fault, targets: done.targets, began, at: done.at ?? began });
    say(
      `${fault.kind}: ${done ? done.targets.slice(0, 3).join(', ') : 'could not be made'}; ${submitted.size - ended.size} of ${submitted.size} tasks open`,
    );
    await sleep(options.everySeconds);
  }
  await sleep(COOL_DOWN_S);
  loading = false;
  await load;
  for (const timer of timers) clearTimeout(timer);
  await until('open tasks to end', () => ended.size >= submitted.size, 30_000).catch(() => undefined);
  const end = Date.now();
  const faults = injected.map(({ fault, targets, began, at }): FoundFault => {
    const about = alerts.filter(
      ({ alert }) => fault.foundAs.includes(alert.kind) && targets.some((target) => isAbout(alert, target)),
    );
    const known = about.findLast(({ at: seen }) => seen < began);
    if (known && known.alert.status !== 'resolved')
      return { kind: fault.kind, targets, seconds: undefined, known: true };
    const hit = about.find(
      ({ alert, at: seen }) => seen >= began && seen < at + FOUND_S * 1_000 && alert.status !== 'resolved',
    );
    return { kind: fault.kind, targets, seconds: hit && Math.max(0, hit.at - at) / 1_000, known: false };
  });
  let intime = 0;
  let sum = 0;
  let open = 0;
  for (const [id, at] of submitted) {
    const over = ended.get(id);
    if (!over) open++;
    const seconds = ((over?.at ?? end) - at) / 1_000;
    sum += seconds;
    if (over?.success && seconds <= DEADLINE_S) intime++;
  }
  await launcher.stop();
  await watchdog?.drain(2_000);
  await coordinator.drain(2_000);
  settings.close();
  await registry.close();
  await Promise.all(buses.map((one) => one.close()));
  await server.stop();
  return { faults, tasks: submitted.size, intime, open, meanSeconds: sum / submitted.size, interventions };
}

function isAbout(alert: Alert, target: string): boolean {
  const evidence = JSON.stringify(alert.evidence ?? {});
  return (
    alert.worker === target ||
    alert.master === target ||
    alert.task === target ||
    alert.summary.includes(target) ||
    evidence.includes(`"${target}"`) ||
    evidence.includes(`:${target}"`) ||
    target === 'decisions'
  );
}

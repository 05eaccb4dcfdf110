// Where a scenario plays: a real nats-server, masters, actors as processes or in this one, a publisher that insists, and the ledger.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Job, workerActor } from '@cortex/actor-worker';
import {
  type ActorDefinition,
  type Bus,
  connectBus,
  DEFAULT_PROVISION,
  openMasters,
  openSettings,
  type ProvisionSettings,
  provision,
  provisionMaster,
  publish,
  type RunningActor,
  runActor,
  StreamFull,
  silentLogger,
  taskLog,
  watchPresence,
} from '@cortex/bus';
import { startTestServer, type TestServer, until } from '@cortex/bus/testing';
import { EVENT_TYPES, type EventType } from '@cortex/schemas';
import { type Child, startCortex, startProgram } from '../harness/children.js';
import { Ledger } from './ledger.js';
import { type Run, sleep } from './scenario.js';

export const MASTERS = ['development', 'security', 'cicd'] as const;
export const WORKER = fileURLToPath(new URL('../../dist/chaos/worker-process.js', import.meta.url));
/** Leases of work on a stage, milliseconds: long enough for a busy machine, short enough to wait for. */
export const LEASE_MS = 5_000;
/** Those of actors are the defaults. */
export const ACK_WAIT_MS = DEFAULT_PROVISION.ackWaitMs;

export interface StageOptions {
  /** Already running; the stage stops what it started itself only. */
  readonly url?: string;
  readonly serverArgs?: string[];
  readonly provision?: Partial<ProvisionSettings>;
}

export type TaskMaker = (index: number) => { id: string; text: string; [field: string]: unknown };

export interface Stage {
  readonly server: TestServer | undefined;
  readonly url: string;
  readonly bus: Bus;
  readonly ledger: Ledger;
  readonly children: readonly Child[];
  connect(name: string): Promise<Bus>;
  /** An actor as a process of its own, by the command line. */
  actor(name: string, env?: Record<string, string>): Child;
  /** A worker as a process of its own. */
  worker(master: string, name?: string, env?: Record<string, string>): Child;
  /** An actor in this process. */
  inside(definition: ActorDefinition): Promise<RunningActor>;
  /** A worker in this process; `work` may throw. */
  insideWorker(master: string, work?: (job: Job) => Promise<void> | void): Promise<RunningActor>;
  /** Waits until these actors say that they are there, and until a task of each master finds it. */
  ready(actors: readonly string[], limitMs?: number): Promise<void>;
  /** Publishes one task until it is acknowledged. */
  submit(task: ReturnType<TaskMaker>): Promise<void>;
  /** Publishes `count` tasks, so many a second whatever happens. */
  load(count: number, perSecond: number, make?: TaskMaker): Promise<void>;
  /** Tasks settled so far. */
  settled(): Promise<number>;
  /** Waits until all that was acknowledged is settled; resolves with false when that takes too long. */
  drained(limitMs: number): Promise<boolean>;
  close(): Promise<void>;
}

export const plainTask: TaskMaker = (i) => {
  const master = MASTERS[i % MASTERS.length] as string;
  return { id: `task ${i}`, text: `${master} work number ${i}` };
};

const effectsFile = (run: Run) => join(run.folder, 'effects.jsonl');

/** What a process of the stage is started with. */
export function environment(run: Run, url: string): Record<string, string> {
  return {
    NATS_URL: url,
    CORTEX_ENCODER: run.encoder ?? 'none',
    CORTEX_HOME: join(run.folder, 'home'),
    CORTEX_MODELS: join(run.folder, 'models'),
    CHAOS_EFFECTS: effectsFile(run),
    OTEL_SDK_DISABLED: 'true',
  };
}

export async function openStage(run: Run, options: StageOptions = {}): Promise<Stage> {
  const server = options.url === undefined ? await startTestServer(options.serverArgs) : undefined;
  const url = options.url ?? server?.url ?? '';
  const buses: Bus[] = [];
  const actors: RunningActor[] = [];
  const children: Child[] = [];
  const ledger = new Ledger(effectsFile(run));
  const connect = async (name: string) => {
    const bus = await connectBus({ servers: url, name, waitMs: 20_000 });
    buses.push(bus);
    return bus;
  };
  const close = async () => {
    // A stopped process would not hear a polite word.
    for (const child of children) child.signal('SIGCONT');
    await Promise.all(children.map((child) => child.kill()));
    await Promise.all(actors.map((actor) => actor.drain(1_000)));
    await Promise.all(buses.map((bus) => bus.close()));
    await server?.stop();
  };
  const env = environment(run, url);
  try {
    const bus = await connect('chaos');
    await setUp(bus, options.provision);
    const inside = async (definition: ActorDefinition) => {
      const actor = await runActor(definition, await connect(definition.name), { log: silentLogger });
      actors.push(actor);
      return actor;
    };
    let probes = 0;
    const counted = async () => (await bus.jsm.consumers.info(bus.subjects.stream('LOG'), COUNTER)).num_pending;
    const settled = async () => (await counted()) - probes;
    const submit = async (task: ReturnType<TaskMaker>) => {
      const event = { type: EVENT_TYPES.taskSubmit, id: task.id, retryMs: 120_000 };
      for (;;) {
        try {
          await publish(bus, bus.subjects.submit, task, event);
          break;
        } catch (error) {
          // Pressure from behind, said by name: whoever insists waits.
          if (!(error instanceof StreamFull)) throw error;
          await sleep(1_000);
        }
      }
      ledger.acked.set(task.id, Date.now());
    };
    return {
      server,
      url,
      bus,
      ledger,
      children,
      connect,
      actor(name, more = {}) {
        const child = startCortex(name, ['actor', name], { ...env, ...more });
        children.push(child);
        return child;
      },
      worker(master, name = `w-${children.length}`, more = {}) {
        const child = startProgram(`worker ${name}`, WORKER, [name, master, '8'], { ...env, ...more });
        children.push(child);
        return child;
      },
      inside,
      insideWorker(master, work = () => undefined) {
        const name = `w-${master}-${actors.length}`;
        const handle = async (job: Job) => {
          await work(job);
          ledger.worked({ task: job.task.id, attempt: job.attempt, worker: name });
        };
        return inside(workerActor({ name, master, concurrency: 8, handle }));
      },
      async ready(names, limitMs = 240_000) {
        const presence = watchPresence(bus);
        try {
          await until(
            `${names.join(', ')} to be there`,
            () => {
              for (const child of children)
                if (child.crashes() > 0) throw new Error(`${child.name} ended by itself:\n${child.stderr()}`);
              const there = presence.list().filter((p) => p.state === 'ready' || p.state === 'degraded');
              return names.every(
                (name) =>
                  there.filter((p) => p.actor === name).length >= names.filter((other) => other === name).length,
              );
            },
            limitMs,
          );
        } finally {
          presence.close();
        }
        if (names.includes('coordinator')) await untilKnown(bus, limitMs);
        probes = await counted();
      },
      submit,
      async load(count, perSecond, make = plainTask) {
        const began = performance.now();
        const flights: Promise<void>[] = [];
        for (let i = 0; i < count; i++) {
          const wait = began + (i * 1_000) / perSecond - performance.now();
          if (wait > 1) await sleep(wait);
          flights.push(submit(make(i)));
        }
        await Promise.all(flights);
      },
      settled,
      async drained(limitMs) {
        const count = ledger.acked.size;
        const end = Date.now() + limitMs;
        let told = Date.now();
        for (;;) {
          // The server may just be on its way back.
          const now = await settled().catch(() => 0);
          if (now >= count) return true;
          if (Date.now() > end) {
            run.say(`${now} of ${count} settled when the time was over`);
            return false;
          }
          if (Date.now() - told > 10_000) {
            run.say(`${now} of ${count} settled`);
            told = Date.now();
          }
          await sleep(100);
        }
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A consumer that nobody pulls: what it still has before it is the number of settled records. */
const COUNTER = 'chaos-ledger';

async function setUp(bus: Bus, settings: Partial<ProvisionSettings> = {}): Promise<void> {
  await until('JetStream', () => bus.jsm.getAccountInfo().catch(() => undefined), 30_000);
  await provision(bus, settings);
  const masters = await openMasters(bus);
  for (const name of MASTERS) {
    await masters.put({ name, description: `Work of ${name}.`, keywords: [name] });
    await provisionMaster(bus, name, { leaseMs: LEASE_MS, ...settings });
  }
  await masters.close();
  const live = await openSettings(bus);
  // Nobody is there to be asked: the best master gets it.
  await live.set('coordinator.unsure', 'best');
  live.close();
  await bus.jsm.consumers.add(bus.subjects.stream('LOG'), {
    durable_name: COUNTER,
    filter_subject: bus.subjects.logStep('settled'),
    ack_policy: 'none' as never,
    deliver_policy: 'all' as never,
  });
}

/** Masters were registered just now: waits until a task of each is decided for it, and ends those tasks. */
async function untilKnown(bus: Bus, limitMs: number): Promise<void> {
  const log = taskLog(bus);
  const ids: string[] = [];
  const say = (subject: string, type: EventType, message: object) => publish(bus, subject, message, { type });
  for (const master of MASTERS) {
    await until(
      `a task of ${master} to find it`,
      async () => {
        const id = `probe ${ids.length}`;
        ids.push(id);
        await say(bus.subjects.submit, EVENT_TYPES.taskSubmit, { id, text: `${master} work` });
        const decided = await until(`${id} to be decided`, () => log.last(id), limitMs);
        return decided.record.decision?.master === master;
      },
      limitMs,
    );
  }
  for (const task of ids) await say(bus.subjects.outcome('probe'), EVENT_TYPES.outcome, { task, status: 'completed' });
  await until(
    'the probes to be settled',
    async () => (await Promise.all(ids.map((id) => log.last(id)))).every((last) => last?.record.settled_as),
    limitMs,
  );
}

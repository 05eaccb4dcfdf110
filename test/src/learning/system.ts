// The real system in one process: nats-server, coordinator, router, deployer and, where wanted, the trainer, as `cortex up` runs them.
// Clocks are the only thing that is turned up: tasks are judged after seconds instead of an hour.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { coordinatorActor } from '@cortex/actor-coordinator';
import { type DeployerSettingsInput, deployerActor, type TrialState } from '@cortex/actor-deployer';
import { routerActor } from '@cortex/actor-router';
import { type TrainerSettingsInput, trainerActor, trainRouterInto } from '@cortex/actor-trainer';
import {
  type ActorDefinition,
  type Bus,
  connectBus,
  type ModelRegistry,
  openMasters,
  openModelRegistry,
  openSettings,
  provision,
  publish,
  type RunningActor,
  runActor,
  silentLogger,
  taskLog,
} from '@cortex/bus';
import { startTestServer, until } from '@cortex/bus/testing';
import type { TrainingRow } from '@cortex/models';
import { type Alert, type Decision, EVENT_TYPES, type Master } from '@cortex/schemas';
import { Kvm } from '@nats-io/kv';

export interface Ticket {
  readonly text: string;
  readonly label: string;
}

/** What the router takes for this. */
export type Through = NonNullable<NonNullable<Parameters<typeof routerActor>[1]>['through']>;

export interface SystemOptions {
  readonly masters: ReadonlyMap<string, readonly string[]>;
  readonly deployer: DeployerSettingsInput;
  /** Default: no trainer. */
  readonly trainer?: Partial<TrainerSettingsInput>;
  /**
   * Milliseconds that a version on trial is waited for. One process, often on a busy machine, does everything here: where slowness is not what is
   * shown, no version must look late because of that. Default 250.
   */
  readonly patienceMs?: number;
  /** What happens to tasks that the router is unsure of. Default best: nobody is there to be asked, the best master gets it. */
  readonly unsure?: 'best' | 'review';
  /** Put between trained models and who hears them. */
  readonly through?: Through;
  readonly log: (line: string) => void;
}

export interface System {
  readonly bus: Bus;
  readonly registry: ModelRegistry;
  readonly masters: readonly Master[];
  readonly alerts: readonly Alert[];
  trial(): Promise<TrialState | undefined>;
  /**
   * Trains a router from rows and publishes it; the deployer does the rest. Returns its name. As a `trainer` does, with what it was made of and its
   * held-out figures, or as somebody from `elsewhere`, of whose versions nothing is known.
   */
  publish(rows: readonly TrainingRow[], as?: 'trainer' | 'elsewhere', masters?: readonly Master[]): Promise<string>;
  /** Where a version's files lie, checked. */
  fetch(name: string): Promise<string>;
  stop(): Promise<void>;
}

export async function startSystem(options: SystemOptions): Promise<System> {
  const folder = await mkdtemp(join(tmpdir(), 'cortex-learning-'));
  const server = await startTestServer();
  const buses: Bus[] = [];
  const actors: RunningActor[] = [];
  const connect = async (name: string) => {
    const bus = await connectBus({ servers: server.url, name, waitMs: 20_000 });
    buses.push(bus);
    return bus;
  };
  const stop = async () => {
    await Promise.all(actors.splice(0).map((actor) => actor.drain(3_000)));
    await Promise.all(buses.splice(0).map((bus) => bus.close()));
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const bus = await connect('learning');
    await provision(bus);
    const masters = await openMasters(bus);
    for (const [name, examples] of options.masters)
      await masters.put({ name, description: `Service-desk tickets about ${name}.`, examples: [...examples] });
    const list = masters.list();
    await masters.close();
    const settings = await openSettings(bus);
    await settings.set('coordinator.unsure', options.unsure ?? 'best');
    settings.close();
    const keys = join(folder, 'keys');
    const models = join(folder, 'models');
    const registry = await openModelRegistry(bus, { keys });
    const alerts: Alert[] = [];
    bus.nc.subscribe(bus.subjects.alerts, { callback: (_, message) => void alerts.push(message.json()) });
    const run = async (name: string, definition: ActorDefinition) => {
      const log = {
        ...silentLogger,
        warn: (message: string, fields?: Record<string, unknown>) =>
          options.log(`${name}: ${message} ${JSON.stringify(fields ?? {})}`),
        error: (message: string, fields?: Record<string, unknown>) =>
          options.log(`${name}: ${message} ${JSON.stringify(fields ?? {})}`),
      };
      actors.push(await runActor(definition, await connect(name), { log }));
    };
    await run('deployer', deployerActor(options.deployer));
    await run(
      'router',
      routerActor(
        {
          encoder: 'off',
          cache_folder: join(folder, 'cache'),
          models_root: join(models, 'routing'),
          keys_folder: keys,
          patience_ms: options.patienceMs ?? 250,
        },
        options.through ? { through: options.through } : {},
      ),
    );
    await run('coordinator', coordinatorActor({ askTimeoutMs: 5_000 }));
    if (options.trainer)
      await run(
        'trainer',
        trainerActor({
          models,
          keys,
          encoder: 'off',
          schedules: [],
          check_seconds: 0.5,
          mlflow: '',
          ...options.trainer,
        }),
      );
    const kv = await new Kvm(bus.nc).open(bus.subjects.bucket('trials'));
    let drafts = 0;
    return {
      bus,
      registry,
      masters: list,
      alerts,
      stop,
      trial: async () => (await kv.get('deploy.router'))?.json<{ state: TrialState }>().state,
      async publish(rows, as = 'elsewhere', of = list) {
        const draft = join(folder, `draft-${drafts++}`);
        const facts = await trainRouterInto(of, rows, { folder: draft, encoder: undefined, seed: 1 });
        const { fingerprint, code, metrics } = facts;
        const made = as === 'trainer' ? { data: { fingerprint, rows: facts.rows }, code, metrics } : {};
        const version = await registry.publish('router', draft, { by: 'learning', ...made });
        return version.name;
      },
      fetch: (name) => registry.fetch(name, join(folder, 'fetched', name)),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Waits until the version serves and a task has been decided by it. */
export async function untilServes(system: System, name: string): Promise<void> {
  await until(`${name} to serve`, async () => (await system.registry.aliases('router')).champion === name, 60_000);
  await untilHeard(system, name, (decision) => decision.models.router === name);
}

/**
 * Waits until a version that was just trained speaks of each task, if its trial begins now: it may also be refused, or wait until the one before it
 * was tried. In life a model is loaded while a task or two come in, here while a hundred do.
 */
export async function untilSpeaks(system: System, name: string): Promise<void> {
  const onTrial = async () => {
    const { champion, challenger, shadow } = await system.registry.aliases('router');
    return [champion, challenger, shadow].includes(name);
  };
  if (!(await until(`the trial of ${name}`, onTrial, 5_000).catch(() => false))) return;
  await untilHeard(system, name, ({ models, others }) => {
    const heard = others?.some(({ model, error }) => model === name && error === undefined);
    return heard === true || models.router === name;
  });
}

let probes = 0;

/** Sends tasks that nobody reports on until the decision on one of them shows the version. */
async function untilHeard(system: System, name: string, shows: (decision: Decision) => boolean): Promise<void> {
  await until(
    `${name} to be heard`,
    async () => {
      const id = `probe-${name}-${probes++}`;
      const task = { id, text: `probe number ${probes}` };
      await publish(system.bus, system.bus.subjects.submit, task, { type: EVENT_TYPES.taskSubmit, id });
      const decided = await until(`${id} to be decided`, () => log(system, id), 30_000);
      return decided.record.decision !== undefined && shows(decided.record.decision);
    },
    120_000,
  );
}

const log = (system: System, id: string) => taskLog(system.bus).last(id);

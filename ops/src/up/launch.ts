// Brings everything up in order (nats-server, streams, masters, actors) and takes it down in the opposite order.
import { type Bus, connectBus, type Logger, provision } from '@cortex/bus';
import type { BusAddress } from '../cli/options.js';
import { seedMasters } from '../masters/seed.js';
import { provideEncoder, provideNatsServer } from '../provide/index.js';
import { isSet } from './actor-settings.js';
import { ACTORS } from './catalogue.js';
import { type DashboardAddress, startDashboardProcess } from './dashboard.js';
import { NoJetStream } from './errors.js';
import { followForecasts } from './follow-forecasts.js';
import { watchFullDisk } from './full-disk.js';
import type { Group, Member } from './group.js';
import { type Claim, claimHome, homeFolder, readNoted } from './home.js';
import { startInProcess } from './in-process.js';
import { endOrphan, type OwnServer, startOwnServer } from './nats-server.js';
import { type ProcessGroup, type ProcessPlan, startProcesses } from './processes.js';

export interface LaunchOptions {
  /** A bus that somebody else runs or, with `ownPort`, where ours shall be. */
  readonly address: BusAddress;
  /** Port of our own nats-server; undefined uses the one at `address`. */
  readonly ownPort?: number;
  readonly processes: boolean;
  readonly counts: ReadonlyMap<string, number>;
  /** Workers to start: the command each task is given to, and the masters they work for (none: all). */
  readonly workers?: {
    exec: string;
    masters: readonly string[];
    /** Forecasts set their number within these bounds. */
    bounds?: { readonly least: number; readonly most: number };
  };
  /** Copies of each stream, 1 to 5. */
  readonly replicas: number;
  /** The pages; `port` asks for one, else it takes the first free one. Undefined: no dashboard. */
  readonly dashboard?: { readonly port?: number };
  /** Told each bus that is opened here, with its actors in this process: what they trace can go over it. */
  readonly onBus?: (bus: Bus) => void;
  readonly logger: (actor: string, instance: string) => Logger;
  readonly say: (line: string) => void;
  readonly progress: (line: string) => void;
}

export interface Launched {
  readonly nats: { url: string; own: boolean; version?: string; pid?: number; data?: string };
  readonly encoder: { folder?: string; reason?: string };
  readonly seeded: string[];
  readonly masters: string[];
  readonly readyMs: number;
  dashboard(): DashboardAddress | undefined;
  members(): Member[];
  /** Drains actors, then the bus. */
  stop(): Promise<void>;
  /** Ends everything at once. */
  kill(): void;
}

export async function launch(options: LaunchOptions): Promise<Launched> {
  const began = Date.now();
  const { say, progress } = options;
  const undo: { what: string; stop: () => Promise<void> | void; kill?: () => void }[] = [];
  const stop = async () => {
    for (const { stop } of undo.splice(0).reverse()) await stop();
  };
  // Settings that do not fit are a mistake of whoever starts it, not one to be tried again and again.
  for (const row of ACTORS)
    if (isSet(row.name) && options.counts.get(row.name) !== 0) await row.make({ encoder: undefined });
  try {
    const noted = readNoted();
    const claim = claimHome(options.address.servers);
    undo.push({ what: 'up.json', stop: () => claim.release(), kill: () => claim.release() });
    const [own, encoder] = await Promise.all([
      ownServer(options, claim, noted),
      ACTORS.every((row) => !row.encodes || options.counts.get(row.name) === 0)
        ? { found: false as const, reason: 'not needed: nothing here reads texts with it' }
        : provideEncoder({ log: say, onProgress: progress }),
    ]);
    if (own) undo.push({ what: 'nats-server', stop: () => own.server.stop(), kill: () => void own.server.stop() });
    const address = own ? { ...options.address, servers: own.server.url } : options.address;
    const bus = await open(address);
    undo.push({ what: 'bus', stop: () => bus.close() });
    if (own) {
      const watch = watchFullDisk({ bus, server: own.server, folder: homeFolder(), say });
      undo.push({ what: 'full disk', stop: () => watch.stop(), kill: () => watch.stop() });
    }
    await provision(bus, { replicas: options.replicas });
    const { seeded, masters } = await seedMasters(bus);
    options.onBus?.(bus);
    const dashboard = options.dashboard ? startDashboardProcess(address, options.dashboard.port, say) : undefined;
    undo.push({
      what: 'dashboard',
      stop: async () => (await dashboard)?.stop(),
      kill: () => void dashboard?.then((page) => page.kill()),
    });
    const { group, workers } = await actors(
      { ...options, address },
      encoder.found ? encoder.folder : undefined,
      masters,
    );
    undo.push({ what: 'actors', stop: () => group.drain(), kill: () => group.kill() });
    if (options.workers?.bounds && workers) {
      const served = servedMasters(options.workers, masters);
      const following = followForecasts({
        bus,
        group: workers,
        bounds: options.workers.bounds,
        masters: new Set(served),
        plan: workerPlan(options.workers, workers.members().length),
        say,
      });
      undo.push({ what: 'scaling', stop: () => following.stop() });
    }
    const page = await dashboard;
    return {
      nats: own
        ? { url: own.server.url, own: true, version: own.version, data: homeFolder(), ...pidOf(own.server) }
        : { url: address.servers, own: false, version: bus.nc.info?.version ?? '?' },
      encoder: encoder.found ? { folder: encoder.folder } : { reason: encoder.reason },
      seeded,
      masters,
      readyMs: Date.now() - began,
      dashboard: () => page?.address,
      members: () => group.members(),
      stop,
      kill() {
        for (const { kill } of undo.splice(0).reverse()) kill?.();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

const pidOf = (server: OwnServer) => {
  const pid = server.pid();
  return pid === undefined ? {} : { pid };
};

async function ownServer(
  options: LaunchOptions,
  claim: Claim,
  noted: ReturnType<typeof readNoted>,
): Promise<{ server: OwnServer; version: string } | undefined> {
  if (options.ownPort === undefined) return undefined;
  await endOrphan(noted, options.say);
  const found = await provideNatsServer({ log: options.say, onProgress: options.progress });
  let server: OwnServer | undefined;
  const pids: number[] = [];
  const note = () => {
    const pid = pids.at(-1);
    if (server && pid !== undefined) claim.note({ nats: server.url, nats_pid: pid, nats_name: server.name });
  };
  server = await startOwnServer({
    binary: found.path,
    port: options.ownPort,
    home: homeFolder(),
    log: options.say,
    onStart(pid) {
      pids.push(pid);
      note();
    },
  });
  note();
  return { server, version: found.version };
}

async function open(address: BusAddress): Promise<Bus> {
  const bus = await connectBus({
    servers: address.servers,
    prefix: address.prefix,
    name: 'up',
    waitMs: 5_000,
    ...(address.creds === undefined ? {} : { creds: address.creds }),
  });
  try {
    // A server that only just started answers 503 until its data is read.
    for (let tries = 0; ; tries++) {
      try {
        await bus.jsm.getAccountInfo();
        return bus;
      } catch (error) {
        if (bus.nc.info?.jetstream === false || tries > 40) throw error;
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
    }
  } catch {
    await bus.close();
    throw new NoJetStream(
      `the NATS server at ${address.servers} has no JetStream for us: start it with -js, or let "cortex up" start one (unset NATS_URL)`,
    );
  }
}

interface Running {
  readonly group: Group;
  /** The processes that workers are among; undefined without workers. */
  readonly workers?: ProcessGroup;
}

async function actors(
  options: LaunchOptions,
  encoder: string | undefined,
  masters: readonly string[],
): Promise<Running> {
  const groupOptions = { address: options.address, encoder, logger: options.logger, say: options.say };
  const workers = workerPlans(options, masters);
  if (!options.processes) {
    const inside = await startInProcess(options.counts, groupOptions);
    if (!options.workers) return { group: inside };
    const outside = await startProcesses(workers, groupOptions);
    const group: Group = {
      members: () => [...inside.members(), ...outside.members()],
      async drain() {
        await outside.drain();
        await inside.drain();
      },
      kill() {
        outside.kill();
        inside.kill();
      },
    };
    return { group, workers: outside };
  }
  const fixed = [...options.counts]
    .filter(([name]) => name !== 'worker')
    .flatMap(([name, count]) =>
      Array.from({ length: count }, (_, i): ProcessPlan => ({ actor: name, number: i + 1, args: ['actor', name] })),
    );
  const group = await startProcesses([...fixed, ...workers], groupOptions);
  return { group, workers: group };
}

type Workers = NonNullable<LaunchOptions['workers']>;

function servedMasters(workers: Workers, masters: readonly string[]): readonly string[] {
  return workers.masters.length > 0 ? workers.masters : masters;
}

/** Numbers workers as they are started. */
function workerPlan({ exec }: Workers, there = 0): (master: string) => ProcessPlan {
  let number = there;
  return (master) => ({
    actor: 'worker',
    number: ++number,
    serves: master,
    args: ['worker', '--master', master, '--exec', exec],
  });
}

/** A worker serves one master: `worker=2` starts two for each. They run commands of the user's, so always in processes of their own. */
function workerPlans({ workers, counts }: LaunchOptions, masters: readonly string[]): ProcessPlan[] {
  if (!workers) return [];
  const plan = workerPlan(workers);
  const count = counts.get('worker') ?? 1;
  return servedMasters(workers, masters).flatMap((master) => Array.from({ length: count }, () => plan(master)));
}

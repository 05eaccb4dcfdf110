// A worker as a process has it: a connection, the actor, and an orderly end on SIGTERM. The only file a user's program calls.
import {
  type ActorState,
  type Bus,
  connectBus,
  jsonLogger,
  type Logger,
  runActor,
  spanFeed,
  startTelemetry,
  type Telemetry,
} from '@cortex/bus';
import { workerActor } from './actor.js';
import { checkCommand } from './exec/command.js';
import { type ExecOptions, execHandler } from './exec/handler.js';
import { resolveSettings, type WorkerSettings } from './settings.js';

export interface ConnectionOptions {
  /** A connection you already have; it stays open after `stop()`. Default: an own one. */
  readonly bus?: Bus;
  /** Server addresses, comma separated. Default: `NATS_URL`, else `nats://127.0.0.1:4222`. */
  readonly servers?: string;
  /** Credentials file. Default: `NATS_CREDS`. */
  readonly creds?: string;
  /** First tokens of every subject. Default: `CORTEX_PREFIX`, else `cortex`. */
  readonly prefix?: string;
  /** Milliseconds to wait for the first connection. Default 0: for ever, so that start order does not matter. */
  readonly waitMs?: number;
  /** Stop in order on SIGTERM and SIGINT; a second one aborts the running jobs. Default true without `bus`, else false. */
  readonly signals?: boolean;
  /** Start OpenTelemetry by the standard OTEL_* variables. Default true without `bus`, else false. */
  readonly telemetry?: boolean;
  /** Told the connection before the first task is taken. */
  readonly onBus?: (bus: Bus) => void;
  /** Default: one JSON object a line on standard error. */
  readonly log?: Logger;
}

export interface WorkerOptions extends WorkerSettings, ConnectionOptions {}

/** A worker whose handler is a command. */
export interface RunWorkerOptions extends Omit<WorkerSettings, 'handle'>, ConnectionOptions {
  readonly exec: Omit<ExecOptions, 'timeLimitMs'>;
}

export interface RunningWorker {
  readonly name: string;
  readonly master: string;
  state(): ActorState;
  /** What is missing, when degraded: such as the consumers of a master that is not registered. */
  detail(): string | undefined;
  inFlight(): number;
  /** Takes nothing new, lets running jobs finish for `limitMs` (default `drainLimitMs`), aborts and gives back the rest. */
  stop(limitMs?: number): Promise<void>;
  /** Resolves when it has stopped, whoever stopped it. */
  readonly finished: Promise<void>;
}

/**
 * Starts a worker. Resolves once it takes tasks (or waits for its master to be registered: `state()` is `degraded` then). Throws
 * InvalidMessage or a RangeError for a bad setting, BusUnreachable (only with `waitMs`) and BusRefused.
 */
export async function worker(options: WorkerOptions): Promise<RunningWorker> {
  const settings = resolveSettings(options);
  const own = options.bus === undefined;
  const spans = spanFeed();
  const telemetry: Telemetry | undefined =
    (options.telemetry ?? own)
      ? await startTelemetry({ service: 'cortex-worker', processors: [spans.processor], wanted: spans.wanted })
      : undefined;
  const log = options.log ?? jsonLogger('worker', settings.name);
  let bus: Bus;
  try {
    bus = options.bus ?? (await connect(options, log));
  } catch (error) {
    await telemetry?.shutdown();
    throw error;
  }
  options.onBus?.(bus);
  const detach = telemetry ? spans.attach(bus) : () => undefined;
  const release = async () => {
    detach();
    if (own) await bus.close();
    await telemetry?.shutdown();
  };
  const definition = workerActor({ ...options, name: settings.name, master: settings.master });
  try {
    const actor = await runActor(definition, bus, { log });
    const finished = actor.finished.then(release);
    const stop = async (limitMs = settings.drainLimitMs) => {
      // A second call with a shorter limit shortens the first.
      definition.hurry(limitMs);
      await actor.drain(limitMs);
      await finished;
    };
    if (options.signals ?? own) stopOnSignals(stop, finished);
    return {
      name: settings.name,
      master: settings.master,
      state: actor.state,
      detail: actor.detail,
      inFlight: definition.inFlight,
      stop,
      finished,
    };
  } catch (error) {
    await release();
    throw error;
  }
}

/** Starts a worker whose handler is a command. Throws CommandNotFound before anything else when the command is not there. */
export async function runWorker(options: RunWorkerOptions): Promise<RunningWorker> {
  await checkCommand(options.exec.command, options.exec);
  const { exec, ...rest } = options;
  return worker({ ...rest, handle: execHandler(exec) });
}

async function connect(options: ConnectionOptions, log: Logger): Promise<Bus> {
  return connectBus({
    name: 'worker',
    waitMs: options.waitMs ?? 0,
    onState: (state, detail) => {
      if (state !== 'closed') log.warn(state === 'connected' ? 'connected again' : 'the bus is away', { bus: detail });
    },
    ...(options.servers ? { servers: options.servers } : {}),
    ...(options.creds ? { creds: options.creds } : {}),
    ...(options.prefix ? { prefix: options.prefix } : {}),
  });
}

function stopOnSignals(stop: (limitMs?: number) => Promise<void>, finished: Promise<void>): void {
  let asked = false;
  const onSignal = () => {
    void stop(asked ? 0 : undefined);
    asked = true;
  };
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
  void finished.then(() => process.off('SIGTERM', onSignal).off('SIGINT', onSignal));
}

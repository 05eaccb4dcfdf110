// The life of an actor: created → starting → ready ⇄ degraded → draining → stopped, or failed. An actor declares its parts (consumers, ask
// servers, watches); the runtime starts them in order, stops them in reverse, and says everywhere which state it is in.
import type { Presence as PresenceMessage } from '@cortex/schemas';
import { context as activeContext, trace } from '@opentelemetry/api';
import type { Bus } from '../connection/connect.js';
import { isBusTrouble } from '../errors.js';
import { count, observe } from '../telemetry/metrics.js';
import { type ControlCommand, serveControl } from './control.js';
import { answerDiscovery } from './discovery.js';
import { enlist } from './here.js';
import { startHeartbeat } from './presence.js';

export type ActorState = PresenceMessage['state'];

export interface ActorPart {
  readonly name: string;
  /** Subject it takes from, for discovery; none for inner parts. */
  readonly subject?: string;
  /** Messages at hand. */
  busy?(): number;
  stop(limitMs: number): Promise<void> | void;
}

export interface ActorContext {
  readonly bus: Bus;
  readonly log: Logger;
  /** Registers a part; parts stop in reverse order. */
  add(part: ActorPart): void;
  /** Something the actor can live without is missing (`reason`) or back (undefined). */
  degrade(what: string, reason: string | undefined): void;
  /** Whether asks to this actor are worth while: nobody asks an actor that has nothing to say. Default: true. */
  answers(some: boolean): void;
  /** Something this actor can be told on `control.<instance>`, besides `restart`, which every actor understands. */
  command(name: string, command: ControlCommand): void;
}

export interface ActorDefinition {
  readonly name: string;
  readonly description: string;
  /** Brings all parts up. A throw leaves the actor failed, with what was started stopped again. */
  start(context: ActorContext): Promise<void>;
}

export interface Logger {
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

export interface RunningActor {
  readonly name: string;
  readonly instance: string;
  state(): ActorState;
  /** What is missing, when degraded. */
  detail(): string | undefined;
  /** Resolves with the final state. */
  readonly finished: Promise<ActorState>;
  /** Takes nothing new, finishes what it has within `limitMs` (default 20,000), then stops. */
  drain(limitMs?: number): Promise<void>;
}

export interface RunOptions {
  readonly log?: Logger;
  readonly version?: string;
  readonly onState?: (state: ActorState, detail: string | undefined) => void;
}

export const DRAIN_LIMIT_MS = 20_000;

const STATES: readonly ActorState[] = ['starting', 'ready', 'degraded', 'draining', 'stopped', 'failed'];

const START_AGAIN_MS = 1_000;

/**
 * Starts an actor on a bus. Resolves once it is ready. A bus that goes away meanwhile, or has not been provisioned, is waited for, as it is by
 * an actor that runs; rejects with what else its `start` threw.
 */
export async function runActor(definition: ActorDefinition, bus: Bus, options: RunOptions = {}): Promise<RunningActor> {
  const log = options.log ?? jsonLogger(definition.name, bus.instance);
  const parts: ActorPart[] = [];
  const missing = new Map<string, string>();
  const commands = new Map<string, ControlCommand>();
  const heartbeat = startHeartbeat(bus, definition.name);
  let state: ActorState = 'created';
  let finish: (state: ActorState) => void = () => undefined;
  const finished = new Promise<ActorState>((resolve) => {
    finish = resolve;
  });
  const detail = () => (missing.size > 0 ? [...missing].map(([what, why]) => `${what}: ${why}`).join('; ') : undefined);
  const enter = (next: ActorState) => {
    const changed = next !== state;
    state = next;
    heartbeat.say(next, detail());
    if (changed) {
      log.info(`${definition.name} is ${next}`, detail() ? { detail: detail() } : {});
      options.onState?.(next, detail());
    }
  };
  const measures = [
    observe('actorState', () => STATES.map((one) => [one === state ? 1 : 0, { actor: definition.name, state: one }])),
    observe('connected', () => [[bus.state() === 'connected' ? 1 : 0, { actor: definition.name }]]),
    bus.onReconnect(() => count('reconnects', { actor: definition.name })),
    enlist({ name: definition.name, state: () => state, detail, connected: () => bus.state() === 'connected' }),
  ];
  const end = (last: 'stopped' | 'failed') => {
    enter(last);
    heartbeat.stop();
    for (const measure of measures) measure();
    finish(last);
  };
  const stopParts = async (limitMs: number) => {
    const until = Date.now() + limitMs;
    for (const part of parts.splice(0).reverse()) {
      try {
        await part.stop(Math.max(0, until - Date.now()));
      } catch (error) {
        log.warn(`part ${part.name} did not stop cleanly`, { error: String(error) });
      }
    }
  };
  const actorContext: ActorContext = {
    bus,
    log,
    add: (part) => void parts.push(part),
    degrade(what, reason) {
      if (reason === undefined) missing.delete(what);
      else missing.set(what, reason);
      if (state === 'ready' || state === 'degraded') enter(missing.size > 0 ? 'degraded' : 'ready');
    },
    answers: (some) => heartbeat.answers(some),
    command: (name, command) => void commands.set(name, command),
  };
  let draining: Promise<void> | undefined;
  /** Brings all parts up, however often the bus goes away meanwhile. */
  const begin = async () => {
    missing.clear();
    for (;;) {
      enter('starting');
      try {
        await definition.start(actorContext);
        missing.delete('start');
        return;
      } catch (error) {
        await stopParts(5_000);
        if (!isBusTrouble(error) || bus.nc.isClosed() || draining) throw error;
        log.warn(`${definition.name} cannot start yet and tries again`, { reason: String(error) });
        missing.clear();
        missing.set('start', String(error));
        await new Promise((resolve) => setTimeout(resolve, START_AGAIN_MS));
      }
    }
  };
  try {
    await begin();
  } catch (error) {
    end('failed');
    throw error;
  }
  const endDiscovery = answerDiscovery(bus, {
    name: `cortex-${definition.name}`,
    version: options.version ?? '0.1.0',
    description: definition.description,
    metadata: { prefix: bus.subjects.prefix },
    endpoints: parts.flatMap((part) =>
      part.subject ? [{ name: part.name.replaceAll(/[^A-Za-z0-9_-]/g, '-'), subject: part.subject }] : [],
    ),
    stats: () => Object.fromEntries(parts.map((part) => [part.name, part.busy?.() ?? 0])),
  });
  enter(missing.size > 0 ? 'degraded' : 'ready');
  let restarting: Promise<void> = Promise.resolve();
  // A wedged actor is replaced where it stands: its parts are stopped, whether or not they finish, and made anew.
  const restart = async (limitMs: number): Promise<void> => {
    if (draining) return;
    enter('draining');
    await stopParts(limitMs);
    try {
      await begin();
      enter(missing.size > 0 ? 'degraded' : 'ready');
    } catch (error) {
      missing.set('start', String(error));
      enter('failed');
    }
  };
  commands.set('restart', ({ grace_ms, hard }) => {
    // Whoever started this process starts another one.
    if (hard === true && process.connected) setTimeout(() => process.exit(1), 100);
    restarting = restarting.then(() => restart(typeof grace_ms === 'number' ? grace_ms : 5_000));
  });
  const endControl = serveControl(bus, commands);
  return {
    name: definition.name,
    instance: bus.instance,
    state: () => state,
    detail,
    finished,
    drain(limitMs = DRAIN_LIMIT_MS) {
      draining ??= (async () => {
        endControl();
        await restarting;
        enter('draining');
        await stopParts(limitMs);
        endDiscovery();
        end('stopped');
      })();
      return draining;
    },
  };
}

/** One JSON object a line on standard error; inside a span with its `trace_id` and `span_id`, as OpenTelemetry names them. */
export function jsonLogger(actor: string, instance: string): Logger {
  const write =
    (level: string) =>
    (message: string, fields: Record<string, unknown> = {}) => {
      const span = trace.getSpanContext(activeContext.active());
      const ids = span ? { trace_id: span.traceId, span_id: span.spanId } : {};
      process.stderr.write(
        `${JSON.stringify({ at: new Date().toISOString(), level, actor, instance, message, ...ids, ...fields })}\n`,
      );
    };
  return { info: write('info'), warn: write('warn'), error: write('error') };
}

export const silentLogger: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined };

// Who is alive: every actor says so each second on a core subject, and everybody who asks others listens.
import { decodeMessage, encodeMessage, type Presence as PresenceMessage, presenceSchema } from '@cortex/schemas';
import type { Bus } from '../connection/connect.js';

const EVERY_MS = 1_000;
/** A roll call is answered within this time by whoever is not wedged. */
const CALL_MS = 400;
/** Three missed beats. */
const GONE_AFTER_MS = 3_200;

export interface Presence {
  /** Whether some replica of the actor is ready or degraded. True as well while the roll call after a (re)connect is not over. */
  alive(actor: string): boolean;
  /** Whether asking the actor is worth while: some replica is alive and has something to say. */
  answers(actor: string): boolean;
  list(): PresenceMessage[];
  /** Resolves when the first roll call is over. */
  readonly settled: Promise<void>;
  close(): void;
}

/** Listens to everybody's presence. */
export function watchPresence(bus: Bus): Presence {
  const seen = new Map<string, { message: PresenceMessage; heardAt: number }>();
  let since = Date.now();
  // After a reconnect nobody has been heard for a while, which says nothing about them.
  const call = () => {
    since = Date.now();
    if (!bus.nc.isClosed()) bus.nc.publish(bus.subjects.presenceCall);
  };
  const offReconnect = bus.onReconnect(call);
  const subscription = bus.nc.subscribe(bus.subjects.presenceAll, {
    callback: (error, msg) => {
      if (error) return;
      try {
        const message = decodeMessage('presence', presenceSchema, msg.data);
        const key = `${message.actor}/${message.instance}`;
        if (message.state === 'stopped' || message.state === 'failed') seen.delete(key);
        else seen.set(key, { message, heardAt: Date.now() });
      } catch {
        // A malformed beat tells nothing.
      }
    },
  });
  call();
  const settled = new Promise<void>((resolve) => setTimeout(resolve, CALL_MS));
  const current = () => {
    const limit = Date.now() - GONE_AFTER_MS;
    for (const [key, entry] of seen) if (entry.heardAt < limit && Date.now() - since > GONE_AFTER_MS) seen.delete(key);
    return [...seen.values()].map((entry) => entry.message);
  };
  const some = (actor: string, which: (message: PresenceMessage) => boolean) =>
    current().some((m) => m.actor === actor && (m.state === 'ready' || m.state === 'degraded') && which(m)) ||
    Date.now() - since < CALL_MS;
  return {
    alive: (actor) => some(actor, () => true),
    answers: (actor) => some(actor, (message) => message.answers !== false),
    list: current,
    settled,
    close() {
      offReconnect();
      subscription.unsubscribe();
    },
  };
}

export interface Heartbeat {
  /** Says the state now, and from now on. */
  say(state: PresenceMessage['state'], detail?: string): void;
  /** Says, now and from now on, whether it has something to say to asks. Without a word it has. */
  answers(some: boolean): void;
  stop(): void;
}

/** Sends an actor's presence each second. */
export function startHeartbeat(bus: Bus, actor: string): Heartbeat {
  let state: PresenceMessage['state'] = 'created';
  let detail: string | undefined;
  let answers: boolean | undefined;
  const beat = () => {
    if (bus.nc.isClosed() || bus.state() !== 'connected') return;
    const message: PresenceMessage = {
      actor,
      instance: bus.instance,
      state,
      at: new Date().toISOString(),
      ...(detail ? { detail } : {}),
      ...(answers === undefined ? {} : { answers }),
    };
    bus.nc.publish(bus.subjects.presence(actor, bus.instance), encodeMessage(message));
  };
  const timer = setInterval(beat, EVERY_MS);
  const calls = bus.nc.subscribe(bus.subjects.presenceCall, { callback: (error) => void (error || beat()) });
  return {
    say(next, why) {
      state = next;
      detail = why;
      beat();
    },
    answers(some) {
      if (some === (answers ?? true)) return;
      answers = some;
      beat();
    },
    stop() {
      clearInterval(timer);
      calls.unsubscribe();
    },
  };
}

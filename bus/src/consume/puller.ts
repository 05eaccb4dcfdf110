// Pulls a durable consumer with a bounded number of messages at hand. The client's own `consume()` re-fills its buffer and drops what is
// under way when it stops; here the subscription is drained, so that stopping costs no redelivery, and never more is asked for than
// there is room. Protocol: JetStream pull requests (NATS docs, "$JS.API.CONSUMER.MSG.NEXT").
import { createInbox, type Msg, type Subscription } from '@nats-io/transport-node';
import type { Bus } from '../connection/connect.js';
import { restore } from '../provision/provision.js';
import { type Delivery, toDelivery } from './delivery.js';

export type PullState = 'pulling' | 'missing' | 'stopped';

export interface PullerOptions {
  readonly stream: string;
  readonly consumer: string;
  /** Most messages at hand: waiting in this process or being handled. */
  readonly capacity: number;
  readonly onMessage: (delivery: Delivery) => void;
  /** The stream or consumer is gone (true) or back (false). */
  readonly onMissing?: (missing: boolean) => void;
}

export interface Puller {
  /** A message has been dealt with: there is room for another. */
  release(): void;
  /** Asks for nothing more; resolves when everything on its way has arrived. */
  stop(): Promise<void>;
}

const EXPIRES_MS = 10_000;
const HEARTBEAT_MS = 2_500;

export function startPuller(bus: Bus, options: PullerOptions): Puller {
  const { nc } = bus;
  const inbox = createInbox(bus.inboxPrefix);
  const next = `$JS.API.CONSUMER.MSG.NEXT.${options.stream}.${options.consumer}`;
  let requested = 0;
  let atHand = 0;
  let lastHeard = Date.now();
  let stopped = false;
  let missing = false;
  let retry: NodeJS.Timeout | undefined;

  const setMissing = (now: boolean) => {
    if (missing !== now) options.onMissing?.(now);
    missing = now;
    if (now && !stopped) void restore(bus);
  };
  const pull = () => {
    if (stopped || nc.isClosed()) return;
    const room = options.capacity - atHand - requested;
    // Ask again when half of the room is free: fewer requests, never idle.
    if (room <= 0 || (requested > 0 && room < options.capacity / 2)) return;
    requested += room;
    lastHeard = Date.now();
    const body = { batch: room, expires: EXPIRES_MS * 1_000_000, idle_heartbeat: HEARTBEAT_MS * 1_000_000 };
    nc.publish(next, JSON.stringify(body), { reply: inbox });
  };
  const restart = (delayMs: number) => {
    requested = 0;
    clearTimeout(retry);
    retry = setTimeout(pull, delayMs);
  };
  const onStatus = (msg: Msg) => {
    const code = msg.headers?.code ?? 0;
    // A heartbeat, or the end of a request: the consumer is there, though nothing may come for long.
    if (code === 100 || code === 404 || code === 408) setMissing(false);
    if (code === 100) return;
    if (code === 503) {
      // Nobody listens on the consumer's subject: it is gone, or its leader is.
      setMissing(true);
      restart(500);
    } else if (code === 409 && /deleted|leadership/i.test(msg.headers?.description ?? '')) {
      setMissing(/deleted/i.test(msg.headers?.description ?? ''));
      restart(250);
    } else {
      // 404, 408, 409: this request has ended and names what it leaves unfulfilled.
      const left = Number(msg.headers?.get('Nats-Pending-Messages') || 0);
      if (left > 0) requested = Math.max(0, requested - left);
      else requested = 0;
      if (code === 408 || code === 404) pull();
      else restart(250);
    }
  };
  const subscription: Subscription = nc.subscribe(inbox, {
    callback: (error, msg) => {
      if (error) return;
      lastHeard = Date.now();
      if (msg.subject === inbox) return onStatus(msg);
      setMissing(false);
      requested = Math.max(0, requested - 1);
      atHand++;
      options.onMessage(toDelivery(msg));
    },
  });
  const offReconnect = bus.onReconnect(() => restart(0));
  // Two missed heartbeats: the request was lost (leader change, restart). Ask anew.
  const watch = setInterval(() => {
    if (bus.state() === 'connected' && requested > 0 && Date.now() - lastHeard > 2 * HEARTBEAT_MS + 500) restart(0);
    else if (requested === 0) pull();
  }, 1_000);
  pull();
  return {
    release() {
      atHand = Math.max(0, atHand - 1);
      pull();
    },
    async stop() {
      if (stopped) return;
      stopped = true;
      clearInterval(watch);
      clearTimeout(retry);
      offReconnect();
      if (bus.state() === 'connected') {
        await Promise.race([
          subscription.drain().catch(() => undefined),
          new Promise((r) => setTimeout(r, 2_000).unref()),
        ]);
      } else subscription.unsubscribe();
    },
  };
}

/** Pulls at most one message that is there right now; undefined when there is none, or no such consumer. */
export async function pullOne(
  bus: Bus,
  stream: string,
  consumer: string,
  timeoutMs = 2_000,
): Promise<Delivery | undefined> {
  const msg = await bus.nc
    .request(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`, JSON.stringify({ batch: 1, no_wait: true }), {
      timeout: timeoutMs,
      noMux: true,
      reply: createInbox(bus.inboxPrefix),
    })
    .catch(() => undefined);
  if (!msg || msg.headers?.code || !msg.reply?.startsWith('$JS.ACK.')) return undefined;
  return toDelivery(msg);
}

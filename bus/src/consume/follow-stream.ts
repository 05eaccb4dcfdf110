// Reads a stream from a moment on and goes on with it as it grows, through reconnects and restarts of the server, each message once.
// The one thing to know: its consumer is its own and vanishes with it; nothing is acknowledged, and nobody waits for it.
import { DeliverPolicy, type JsMsg } from '@nats-io/jetstream';
import type { Logger } from '../actor/runtime.js';
import type { Bus } from '../connection/connect.js';

export interface StreamFollowing {
  /** Resolves when it has been read up to what was there at first. */
  readonly caughtUp: Promise<void>;
  stop(): void;
}

const AGAIN_MS = 1_000;

/** @param from undefined: from its beginning */
export function followStream(
  bus: Bus,
  stream: string,
  from: Date | undefined,
  log: Logger,
  onMessage: (message: JsMsg) => void,
): StreamFollowing {
  let stopped = false;
  let close: () => void = () => undefined;
  let done: () => void = () => undefined;
  const caughtUp = new Promise<void>((resolve) => {
    done = resolve;
  });
  let after = 0;
  // A consumer notices a new server only after its heartbeats stay out: half a minute. A reconnect is known at once.
  const offReconnect = bus.onReconnect(() => close());
  const read = async () => {
    // A stream that was made anew counts from one again.
    if (after > 0 && (await bus.jsm.streams.info(stream)).state.last_seq < after) after = 0;
    const consumer = await bus.js.consumers.get(
      stream,
      after > 0
        ? { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: after + 1 }
        : from === undefined
          ? { deliver_policy: DeliverPolicy.All }
          : { deliver_policy: DeliverPolicy.StartTime, opt_start_time: from.toISOString() },
    );
    const messages = await consumer.consume({ max_messages: 500 });
    close = () => void messages.close();
    if (stopped) return close();
    const { num_pending } = await consumer.info(true);
    if (num_pending === 0) done();
    for await (const message of messages) {
      if (message.seq <= after) continue;
      after = message.seq;
      onMessage(message);
      if (message.info.pending === 0) done();
    }
  };
  void (async () => {
    while (!stopped) {
      try {
        await read();
      } catch (error) {
        if (!stopped && bus.state() === 'connected') log.warn(`${stream} cannot be read`, { error: String(error) });
      }
      if (!stopped) await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  })();
  return {
    caughtUp,
    stop() {
      stopped = true;
      offReconnect();
      close();
      done();
    },
  };
}

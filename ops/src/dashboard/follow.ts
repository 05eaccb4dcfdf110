// Follows a stream from a place on, for ever: through reconnects, restarts of the server, and a stream that was made anew.
import { setImmediate as breathe, setTimeout as sleep } from 'node:timers/promises';
import type { Bus } from '@cortex/bus';
import type { StreamName } from '@cortex/schemas';
import { type ConsumerMessages, DeliverPolicy, type JsMsg } from '@nats-io/jetstream';

export interface FollowOptions {
  readonly stream: StreamName;
  readonly filter: string;
  /** So many of the last messages first; 0: only what comes. `each`: the last one of each subject. */
  readonly past: number | 'each';
  /** A message; what throws is skipped. */
  readonly take: (message: JsMsg) => void;
  /** The stream was emptied or made anew: forget what was taken. */
  readonly onReset?: () => void;
  /** All of the past has been taken (again after each interruption). */
  readonly onCaughtUp?: () => void;
}

export interface Following {
  stop(): Promise<void>;
}

const AGAIN_MS = 1_000;
/** After so many messages others get their turn: a long past must not hold the pages up. */
const TURN = 200;

export function follow(bus: Bus, options: FollowOptions): Following {
  const stream = bus.subjects.stream(options.stream);
  let stopped = false;
  let next: number | undefined;
  let messages: ConsumerMessages | undefined;
  // An ordered consumer notices a new server only after its heartbeats stay out: half a minute. A reconnect is known at once.
  const offReconnect = bus.onReconnect(() => messages?.stop());

  const round = async () => {
    const { state } = await bus.jsm.streams.info(stream);
    if (next !== undefined && state.last_seq < next - 1) {
      next = undefined;
      options.onReset?.();
    }
    const start =
      next !== undefined
        ? { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: next }
        : options.past === 'each'
          ? { deliver_policy: DeliverPolicy.LastPerSubject }
          : {
              deliver_policy: DeliverPolicy.StartSequence,
              opt_start_seq: Math.max(1, state.first_seq, state.last_seq - options.past + 1),
            };
    const consumer = await bus.js.consumers.get(stream, { filter_subjects: [options.filter], ...start });
    const info = await consumer.info();
    if (info.num_pending === 0) options.onCaughtUp?.();
    messages = await consumer.consume({ max_messages: 1_000 });
    let taken = 0;
    for await (const message of messages) {
      if (stopped) return;
      next = message.seq + 1;
      try {
        options.take(message);
      } catch {
        // Somebody else's message on our subject.
      }
      if (message.info.pending === 0) options.onCaughtUp?.();
      if (++taken % TURN === 0) await breathe();
    }
  };

  const running = (async () => {
    while (!stopped) {
      await round().catch(() => undefined);
      if (!stopped) await sleep(messages ? 50 : AGAIN_MS);
      messages = undefined;
    }
  })();
  return {
    async stop() {
      stopped = true;
      offReconnect();
      messages?.stop();
      await Promise.race([running, sleep(500)]);
    },
  };
}

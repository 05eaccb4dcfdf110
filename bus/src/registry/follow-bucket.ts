// Follows a KV bucket: what is there, then every change, through reconnects and restarts of the server.
// The one thing to know: the client's own `watch()` outlives a server by its heartbeats, and is blind until a minute of them stayed out; and
// it does not say when an empty bucket has been read. A reconnect is known at once, so here the reading begins anew with it.
import { DeliverPolicy, type JsMsg, type PushConsumer } from '@nats-io/jetstream';
import { createInbox } from '@nats-io/transport-node';
import type { Bus } from '../connection/connect.js';

export interface BucketEntry {
  readonly key: string;
  /** Undefined: deleted, purged or expired. */
  readonly value: Uint8Array | undefined;
  /** Grows with each change of the bucket. */
  readonly revision: number;
}

export interface BucketFollowing {
  stop(): void;
}

type PushConsumerMessages = Awaited<ReturnType<PushConsumer['consume']>>;

const AGAIN_MS = 1_000;

/**
 * Calls `onEntry` for the last entry of each key, then for each change, in order, each once. Resolves when what is there has been told.
 * Throws where the bucket cannot be read at first; later it is tried for as long as it takes.
 * @param bucket its real name
 * @param keys a key or a pattern of keys, such as `lesson.*.*`
 */
export async function followBucket(
  bus: Bus,
  bucket: string,
  keys: string,
  onEntry: (entry: BucketEntry) => void,
): Promise<BucketFollowing> {
  const stream = `KV_${bucket}`;
  const prefix = `$KV.${bucket}.`;
  let after = 0;
  let stopped = false;
  let stale = false;
  let messages: PushConsumerMessages | undefined;
  let told: () => void = () => undefined;
  const known = new Promise<void>((resolve) => {
    told = resolve;
  });
  const offReconnect = bus.onReconnect(() => {
    stale = true;
    messages?.close();
  });
  const open = async () => {
    stale = false;
    // A bucket that was made anew counts from one again.
    if (after > 0 && (await bus.jsm.streams.info(stream)).state.last_seq < after) after = 0;
    const consumer = await bus.js.consumers.getPushConsumer(stream, {
      deliver_prefix: createInbox(bus.inboxPrefix),
      filter_subjects: prefix + keys,
      ...(after > 0
        ? { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: after + 1 }
        : { deliver_policy: DeliverPolicy.LastPerSubject }),
    });
    messages = await consumer.consume();
    if (stopped || stale) messages.close();
    else if ((await consumer.info(true)).num_pending === 0) told();
    return messages;
  };
  const read = async (from: PushConsumerMessages) => {
    for await (const message of from) {
      if (message.seq <= after) continue;
      after = message.seq;
      onEntry({ key: message.subject.slice(prefix.length), value: liveValue(message), revision: message.seq });
      if (message.info.pending === 0) told();
    }
  };
  const follow = async (first: PushConsumerMessages) => {
    let from: PushConsumerMessages | undefined = first;
    while (!stopped) {
      try {
        await read(from ?? (await open()));
      } catch {
        // Away: again below.
      }
      from = undefined;
      if (!stopped && !stale) await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
    told();
  };
  try {
    void follow(await open());
  } catch (error) {
    offReconnect();
    throw error;
  }
  await known;
  return {
    stop() {
      stopped = true;
      offReconnect();
      messages?.close();
    },
  };
}

function liveValue(message: JsMsg): Uint8Array | undefined {
  const gone = message.headers?.get('KV-Operation') || message.headers?.get('Nats-Marker-Reason');
  return gone && gone !== 'PUT' ? undefined : message.data;
}

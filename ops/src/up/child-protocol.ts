// What a supervised child process tells its `up` over the inter-process channel: its state, and every two seconds that it lives.
import type { ActorState } from '@cortex/bus';

export const BEAT_MS = 2_000;
/** So long without a beat, and a child counts as wedged. Building a model may hold a loop for seconds. */
export const WEDGED_MS = 30_000;

export interface ChildMessage {
  readonly cortex: 'beat';
  readonly state: ActorState;
  readonly detail?: string;
  /** `host:port` where its metrics are. */
  readonly monitor?: string;
}

export function isChildMessage(message: unknown): message is ChildMessage {
  return typeof message === 'object' && message !== null && (message as { cortex?: unknown }).cortex === 'beat';
}

/** In the child: beats until the returned function is called; `onOrphaned` when the parent has gone. */
export function beatTo(
  parent: NodeJS.Process,
  state: () => Omit<ChildMessage, 'cortex'>,
  onOrphaned: () => void,
): { now(): void; stop(): void } {
  if (!parent.send) return { now: () => undefined, stop: () => undefined };
  const now = () => {
    if (parent.connected) parent.send?.({ cortex: 'beat', ...state() } satisfies ChildMessage);
  };
  const timer = setInterval(now, BEAT_MS);
  parent.once('disconnect', onOrphaned);
  return {
    now,
    stop() {
      clearInterval(timer);
      parent.removeListener('disconnect', onOrphaned);
      parent.channel?.unref();
    },
  };
}

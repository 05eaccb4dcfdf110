// The server's clock, as seen from here. Clocks of machines may be minutes apart: what must happen at a moment (deadlines of tasks and asks) goes
// by the one clock that all can see. Method: Cristian 1989 (half of the shortest round trip seen lately).
import type { NatsConnection } from '@nats-io/transport-node';

export interface ServerClock {
  /** Milliseconds to add to this process's clock; 0 while nothing is known, and when the difference is within what can be measured. */
  offsetMs(): number;
  /** Resolves after the first try. */
  readonly first: Promise<void>;
  stop(): void;
}

export interface Sample {
  readonly offsetMs: number;
  /** Milliseconds that the question took: the offset is wrong by at most half of it. */
  readonly roundTripMs: number;
  /** `performance.now()` when it was taken. */
  readonly at: number;
}

const EVERY_MS = 30_000;
/** While there is no answer yet: a bus that is not provisioned has nothing to ask. */
const AGAIN_MS = 1_000;
/** A machine's clock may be set at any time: a good sample counts for so long. */
const OLD_MS = 120_000;
const LEAST_MS = 50;

/** Which of two samples to believe. Pure. */
export function better(kept: Sample | undefined, fresh: Sample): Sample {
  if (kept === undefined || fresh.at - kept.at > OLD_MS) return fresh;
  // Further apart than both could be wrong: the clock was set meanwhile.
  if (Math.abs(fresh.offsetMs - kept.offsetMs) > (fresh.roundTripMs + kept.roundTripMs) / 2 + LEAST_MS) return fresh;
  return fresh.roundTripMs <= kept.roundTripMs ? fresh : kept;
}

/** @param stream a stream whose state may be asked for */
export function startServerClock(nc: NatsConnection, stream: string): ServerClock {
  let kept: Sample | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const look = async (): Promise<void> => {
    const asked = Date.now();
    const began = performance.now();
    try {
      const answer = await nc.request(`$JS.API.STREAM.INFO.${stream}`, '', { timeout: 2_000 });
      const roundTripMs = performance.now() - began;
      const { ts } = answer.json<{ ts?: string }>();
      const there = Date.parse(ts ?? '');
      if (Number.isFinite(there))
        kept = better(kept, { offsetMs: there - (asked + roundTripMs / 2), roundTripMs, at: performance.now() });
    } catch {
      // Away, or this identity may not ask: our own clock has to do.
    }
    if (stopped) return;
    timer = setTimeout(() => void look(), kept ? EVERY_MS : AGAIN_MS);
    timer.unref();
  };
  return {
    offsetMs() {
      if (kept === undefined || Math.abs(kept.offsetMs) <= Math.max(LEAST_MS, kept.roundTripMs)) return 0;
      return kept.offsetMs;
    },
    first: look(),
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

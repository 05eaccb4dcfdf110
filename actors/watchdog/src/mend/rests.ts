// Workers that were set aside come back by themselves, as a paused master does: after a rest that doubles each time.
// Pure: what happened goes in, who goes on comes out.

export interface Rests {
  /** By worker: the intervention, when its rest is over, and how often it was set aside lately. */
  readonly workers: Map<string, { act: string; until: number; times: number }>;
}

const LONGEST_REST_MS = 3_600_000;
/** Well for so many times its last rest: the next one is a first one again. */
const FORGIVEN_AFTER = 10;

export function newRests(): Rests {
  return { workers: new Map() };
}

/** The worker was set aside at `at`. */
export function setAside(rests: Rests, worker: string, act: string, restMs: number, at: number): void {
  const before = rests.workers.get(worker);
  const times = before && at < before.until + FORGIVEN_AFTER * restMs * 2 ** before.times ? before.times + 1 : 1;
  const rest = Math.min(LONGEST_REST_MS, restMs * 2 ** (times - 1));
  rests.workers.set(worker, { act, until: at + rest, times });
}

/** Whose rest is over, each told once. */
export function restedWorkers(
  rests: Rests,
  resting: ReadonlySet<string>,
  now: number,
): { worker: string; act: string }[] {
  return [...rests.workers].flatMap(([worker, { act, until }]) =>
    resting.has(worker) && now >= until ? [{ worker, act }] : [],
  );
}

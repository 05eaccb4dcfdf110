// A ladder: several ways to get one thing, tried in order, each with its own time limit. What a rung lacked is
// remembered, so that when all fail one message says everything that was tried and what to do.

export interface Rung<T> {
  /** Domain words for the message, e.g. `on the PATH`. */
  name: string;
  /** Milliseconds before the rung is given up. */
  timeoutMs: number;
  /** @throws RungMissed to go on to the next rung, RungRefused to stop the ladder. Any other error counts as missed. */
  attempt(signal: AbortSignal): Promise<T>;
}

export interface Attempt {
  rung: string;
  reason: string;
}

/** Thrown by a rung that cannot deliver: the next one is tried. */
export class RungMissed extends Error {
  override readonly name = 'RungMissed';
}

/** Thrown by a rung the user asked for by name (a variable) and that cannot deliver: going on would hide the mistake. */
export class RungRefused extends Error {
  override readonly name = 'RungRefused';
}

/** Thrown when every rung missed. `attempts` holds each rung with its reason. */
export class LadderExhausted extends Error {
  override readonly name = 'LadderExhausted';
  constructor(
    readonly what: string,
    readonly attempts: readonly Attempt[],
    readonly advice: string,
  ) {
    const width = Math.max(...attempts.map(({ rung }) => rung.length));
    const lines = attempts.map(({ rung, reason }) => `  ${rung.padEnd(width)}  ${reason}`);
    super(`${what} could not be found or fetched:\n${lines.join('\n')}\n${advice}`);
  }
}

export interface Climb {
  /** What is looked for, as a person says it: `nats-server`. */
  what: string;
  /** What a person can do when all rungs miss, one sentence. */
  advice: string;
  /** One line per event worth reading. Default: silent. */
  log?: (line: string) => void;
}

/** @throws LadderExhausted, RungRefused */
export async function climb<T>(rungs: readonly Rung<T>[], { what, advice }: Climb): Promise<T> {
  const attempts: Attempt[] = [];
  for (const rung of rungs) {
    try {
      return await withinTime(rung);
    } catch (error) {
      if (error instanceof RungRefused) throw error;
      attempts.push({ rung: rung.name, reason: reasonOf(error) });
    }
  }
  throw new LadderExhausted(what, attempts, advice);
}

// The race is for a rung that does not look at its signal: it must not hold up the ones below it.
async function withinTime<T>(rung: Rung<T>): Promise<T> {
  const abort = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      abort.abort();
      reject(new RungMissed(`no answer within ${rung.timeoutMs / 1000} s`));
    }, rung.timeoutMs);
  });
  try {
    return await Promise.race([rung.attempt(abort.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? ` (${error.cause.message || error.cause.name})` : '';
  return `${error.message}${cause}`.split('\n')[0] ?? error.message;
}

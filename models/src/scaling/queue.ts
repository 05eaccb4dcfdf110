// How many replicas a stated waiting time needs: Erlang's delay formula with Allen and Cunneen's correction for service times that
// scatter more or less than exponential ones (A. O. Allen, Probability, Statistics and Queueing Theory, 2nd ed., 1990, §5.3; Erlang 1917).

export interface Demand {
  /** Arrivals per second. */
  readonly arrivals: number;
  /** Mean seconds of work of one arrival. */
  readonly serviceSeconds: number;
  /** Squared coefficient of variation of the service time (1: exponential, 0: constant). Default 1. */
  readonly serviceScatter?: number;
  /** Squared coefficient of variation between arrivals. Default 1: independent arrivals. */
  readonly arrivalScatter?: number;
  /** Arrivals that wait already. */
  readonly waiting?: number;
}

export interface WaitPromise {
  /** Seconds that an arrival may wait. */
  readonly waitSeconds: number;
  /** Share of the arrivals that wait no longer. Default 0.95. */
  readonly share?: number;
  /** Seconds in which what waits already is to be worked off. Default: ten times `waitSeconds`, at least the mean service time. */
  readonly drainSeconds?: number;
}

/** Probability that an arrival finds all of `replicas` busy (Erlang C); 1 when they are too few for the load. */
export function delayProbability(replicas: number, load: number): number {
  if (load <= 0) return 0;
  if (replicas <= load) return 1;
  // Erlang B by its recursion, which never overflows.
  let blocked = 1;
  for (let k = 1; k <= replicas; k++) blocked = (load * blocked) / (k + load * blocked);
  return blocked / (1 - (load / replicas) * (1 - blocked));
}

/** Probability that an arrival waits longer than `seconds`. */
export function waitsLonger(replicas: number, demand: Demand, seconds: number): number {
  const load = demand.arrivals * demand.serviceSeconds;
  const delayed = delayProbability(replicas, load);
  if (delayed === 0 || delayed === 1) return delayed;
  const scatter = Math.max(0.05, ((demand.arrivalScatter ?? 1) + (demand.serviceScatter ?? 1)) / 2);
  const rate = (replicas - load) / demand.serviceSeconds;
  return delayed * Math.exp((-rate * seconds) / scatter);
}

/** The fewest replicas that keep the promise, 0 where there is nothing to do. At most `most`. */
export function replicasFor(demand: Demand, promise: WaitPromise, most = 10_000): number {
  const { waiting = 0 } = demand;
  if (demand.serviceSeconds <= 0 || (demand.arrivals <= 0 && waiting === 0)) return 0;
  const drain = promise.drainSeconds ?? Math.max(10 * promise.waitSeconds, demand.serviceSeconds);
  // What waits is work on top of what comes, spread over the time in which it has to be gone.
  const arrivals = demand.arrivals + waiting / drain;
  const share = promise.share ?? 0.95;
  const full = { ...demand, arrivals };
  let low = Math.max(1, Math.ceil(arrivals * demand.serviceSeconds));
  if (low >= most) return most;
  let high = low;
  while (high < most && waitsLonger(high, full, promise.waitSeconds) > 1 - share) {
    low = high;
    high = Math.min(most, high * 2);
  }
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (waitsLonger(middle, full, promise.waitSeconds) > 1 - share) low = middle + 1;
    else high = middle;
  }
  return high;
}

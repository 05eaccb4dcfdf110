// A queue with replicas that come and go, in virtual time, event by event.
// The one thing to know: every policy sees the same arrivals, service times and priorities; it decides only how many replicas there are.

export interface Arrival {
  /** Seconds from the start. */
  readonly at: number;
  readonly serviceSeconds: number;
  /** 0 is the most urgent. */
  readonly rank: number;
}

/** Called at the end of each bin; answers how many replicas there should be. */
export type ScalingPolicy = (seen: {
  readonly arrivals: number;
  readonly waiting: number;
  readonly busy: number;
  readonly running: number;
}) => number;

export interface SimulationOptions {
  readonly binSeconds: number;
  /** Seconds until a wanted replica works. A replica no longer wanted finishes its task first. */
  readonly startSeconds: number;
  /** Replicas at the start. */
  readonly running: number;
  /** Seconds of waiting that lift a task by one priority, so that low ones never starve. */
  readonly ageSeconds: number;
}

export interface SimulationResult {
  /** Seconds each arrival waited, in the order of service, and its rank. */
  readonly waits: { readonly rank: number; readonly seconds: number }[];
  /** Replica-seconds, those that start included: they are paid for. */
  readonly cost: number;
  readonly seconds: number;
  readonly mostReplicas: number;
}

/** Runs until every arrival has been served. */
export function simulate(
  arrivals: readonly Arrival[],
  policy: ScalingPolicy,
  options: SimulationOptions,
): SimulationResult {
  const waits: { rank: number; seconds: number }[] = [];
  const queue: Arrival[] = [];
  /** Moments at which replicas become free; one entry each. */
  const busy: number[] = [];
  let idle = options.running;
  /** Moments at which ordered replicas begin to work. */
  const starting: number[] = [];
  /** Busy replicas that leave after their task. */
  let leaving = 0;
  let cost = 0;
  let now = 0;
  let next = 0;
  let inBin = 0;
  let binEnd = options.binSeconds;
  let most = options.running;

  const serve = () => {
    while (idle > 0 && queue.length > 0) {
      const task = takeNext(queue, now, options.ageSeconds);
      waits.push({ rank: task.rank, seconds: now - task.at });
      idle--;
      busy.push(now + task.serviceSeconds);
    }
  };
  const advance = (to: number) => {
    cost += (idle + busy.length + starting.length) * (to - now);
    now = to;
  };
  while (next < arrivals.length || queue.length > 0 || busy.length > 0) {
    const free = Math.min(Number.POSITIVE_INFINITY, ...busy);
    const started = Math.min(Number.POSITIVE_INFINITY, ...starting);
    const arriving = arrivals[next]?.at ?? Number.POSITIVE_INFINITY;
    const moment = Math.min(free, started, arriving, binEnd);
    advance(moment);
    if (moment === arriving) {
      queue.push(arrivals[next++] as Arrival);
      inBin++;
    } else if (moment === free) {
      busy.splice(busy.indexOf(free), 1);
      if (leaving > 0) leaving--;
      else idle++;
    } else if (moment === started) {
      starting.splice(starting.indexOf(started), 1);
      idle++;
    } else {
      binEnd += options.binSeconds;
      const running = idle + busy.length - leaving;
      const wanted = Math.max(
        1,
        Math.round(policy({ arrivals: inBin, waiting: queue.length, busy: busy.length, running })),
      );
      inBin = 0;
      let more = wanted - running - starting.length;
      // Those that were to leave stay first: they need no start.
      for (; more > 0 && leaving > 0; more--) leaving--;
      for (; more > 0; more--) starting.push(now + options.startSeconds);
      for (; more < 0 && starting.length > 0; more++) starting.pop();
      for (; more < 0 && idle > 0; more++) idle--;
      for (; more < 0 && leaving < busy.length; more++) leaving++;
    }
    serve();
    most = Math.max(most, idle + busy.length);
  }
  return { waits, cost, seconds: now, mostReplicas: most };
}

/** The most urgent, counting each `ageSeconds` of waiting as one priority; among equals the oldest. */
function takeNext(queue: Arrival[], now: number, ageSeconds: number): Arrival {
  let best = 0;
  let bestRank = Number.POSITIVE_INFINITY;
  queue.forEach((task, i) => {
    const rank = task.rank - (now - task.at) / ageSeconds;
    if (rank < bestRank) {
      best = i;
      bestRank = rank;
    }
  });
  return queue.splice(best, 1)[0] as Arrival;
}

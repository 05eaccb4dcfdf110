// A deployment as a network of stations in series, each with servers and a cost a task: where it is full, and how long a task is under way.
// Costs are measured (the bench's); what is computed from them is the utilisation law (Denning, Buzen 1978), and waiting by simulation.

export interface Station {
  readonly name: string;
  /** Milliseconds one task keeps one server of it busy. */
  readonly ms: number;
  /** Servers side by side: cores of all replicas, or streams that write independently. */
  readonly servers: number;
  /** Share of the tasks that come by. Default 1. */
  readonly share?: number;
  /** Several stations on the same machine compete for its cores: one name, one pool. Default: its own. */
  readonly pool?: string;
}

export interface Load {
  readonly name: string;
  readonly servers: number;
  /** Share of the time its servers are busy; 1 and more: it cannot keep up. */
  readonly utilisation: number;
}

/** How busy each pool is at `perSecond` tasks, busiest first: the bottleneck. Throws RangeError for stations of one pool that disagree on its servers. */
export function utilisation(stations: readonly Station[], perSecond: number): Load[] {
  const pools = new Map<string, { servers: number; busy: number }>();
  for (const { name, ms, servers, share = 1, pool = name } of stations) {
    const entry = pools.get(pool) ?? { servers, busy: 0 };
    if (entry.servers !== servers) throw new RangeError(`pool ${pool} has ${entry.servers} and ${servers} servers`);
    entry.busy += (perSecond * share * ms) / 1_000;
    pools.set(pool, entry);
  }
  return [...pools]
    .map(([name, { servers, busy }]) => ({ name, servers, utilisation: busy / servers }))
    .sort((a, b) => b.utilisation - a.utilisation);
}

/** Most tasks a second that keep every pool below `target` (0 to 1). */
export function capacity(stations: readonly Station[], target = 1): number {
  const full = utilisation(stations, 1)[0]?.utilisation ?? 0;
  return full === 0 ? Number.POSITIVE_INFINITY : target / full;
}

/** Servers each pool needs for `perSecond` tasks at no more than `target`. */
export function serversFor(stations: readonly Station[], perSecond: number, target = 0.6): Map<string, number> {
  return new Map(
    utilisation(stations, perSecond).map(({ name, servers, utilisation: busy }) => [
      name,
      Math.max(1, Math.ceil((busy * servers) / target)),
    ]),
  );
}

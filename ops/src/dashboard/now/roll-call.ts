// Who runs: presence tells state within a second, `$SRV.STATS` (ADR-32) tells since when and what is in hand.
import { type Bus, watchPresence } from '@cortex/bus';
import type { ActorRow } from '../wire.js';

interface Stats {
  readonly id?: string;
  readonly started?: string;
  readonly metadata?: { prefix?: string };
  readonly endpoints?: readonly { data?: Record<string, number> }[];
}

export interface RollCall {
  rows(): ActorRow[];
  /** Asks `$SRV.STATS`, and waits at most `ms` for the answers. */
  ask(ms?: number): Promise<void>;
  close(): void;
}

export function rollCall(bus: Bus): RollCall {
  const presence = watchPresence(bus);
  let stats = new Map<string, Stats>();
  return {
    rows: () =>
      presence
        .list()
        .map((one): ActorRow => {
          const more = stats.get(one.instance.replaceAll('.', '-'));
          const data = more?.endpoints?.[0]?.data;
          return {
            actor: one.actor,
            instance: one.instance,
            state: one.state,
            ...(one.detail === undefined ? {} : { detail: one.detail }),
            ...(data ? { stats: data } : {}),
            ...(more?.started === undefined ? {} : { started: more.started }),
          };
        })
        .sort((a, b) => (a.actor + a.instance < b.actor + b.instance ? -1 : 1)),
    async ask(ms = 300) {
      const heard = new Map<string, Stats>();
      try {
        const answers = await bus.nc.requestMany('$SRV.STATS', '', { strategy: 'timer', maxWait: ms });
        for await (const answer of answers) {
          const one = answer.json<Stats>();
          if (one.id && one.metadata?.prefix === bus.subjects.prefix) heard.set(one.id, one);
        }
        stats = heard;
      } catch {
        // Nobody answers, or the bus is away: presence alone tells.
      }
    },
    close: () => presence.close(),
  };
}

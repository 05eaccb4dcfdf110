// How much waits where: the server's own counts of what consumers have before them and in hand.
import type { Bus } from '@cortex/bus';
import { PRIORITIES, unescapeToken } from '@cortex/schemas';

export interface Waiting {
  readonly inlet: { waiting: number; in_hand: number };
  /** Questions that wait, by the actor asked. */
  readonly asks: Record<string, number>;
  /** By master, all priorities together. */
  readonly work: Map<string, { waiting: number; in_hand: number }>;
}

/** At most so many work consumers are counted: beyond some thousand masters a full count would cost more than it tells. */
const MOST = 1_024;
const WORK = new RegExp(`^work-(.+)-(${PRIORITIES.join('|')})$`);

export async function countWaiting(bus: Bus): Promise<Waiting> {
  const { subjects, jsm } = bus;
  const [inlet, asks, work] = await Promise.all([
    jsm.consumers
      .info(subjects.stream('TASKS'), 'coordinator')
      .then((info) => ({ waiting: info.num_pending, in_hand: info.num_ack_pending }))
      .catch(() => ({ waiting: 0, in_hand: 0 })),
    askedOf(bus),
    workOf(bus),
  ]);
  return { inlet, asks, work };
}

async function askedOf(bus: Bus): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  try {
    for await (const info of bus.jsm.consumers.list(bus.subjects.stream('ASKS'))) found[info.name] = info.num_pending;
  } catch {
    // Not provisioned yet, or not ours to see.
  }
  return found;
}

async function workOf(bus: Bus): Promise<Waiting['work']> {
  const work: Waiting['work'] = new Map();
  let seen = 0;
  try {
    for await (const info of bus.jsm.consumers.list(bus.subjects.stream('LOG'))) {
      if (++seen > MOST) break;
      const token = WORK.exec(info.name)?.[1];
      if (token === undefined) continue;
      const master = unescapeToken(token);
      const sum = work.get(master) ?? { waiting: 0, in_hand: 0 };
      sum.waiting += info.num_pending;
      sum.in_hand += info.num_ack_pending;
      work.set(master, sum);
    }
  } catch {
    // As above: what is not known is not shown.
  }
  return work;
}

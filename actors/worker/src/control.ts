// What a running worker can be told on `control.<instance>` besides `restart`: rest (take nothing new), go on, do fewer or more at once.
import type { ActorContext } from '@cortex/bus';

export interface Told {
  /** Takes no new task while true; what it has, it finishes. */
  resting(): boolean;
  /** Tasks at once, as told last. */
  concurrency(): number;
}

const MOST = 1_000;

/** @param changed called when there may be something to fetch now */
export function listenToControl(context: ActorContext, concurrency: number, changed: () => void): Told {
  let resting = false;
  let limit = concurrency;
  context.command('rest', () => {
    resting = true;
    return { resting };
  });
  context.command('go-on', () => {
    resting = false;
    changed();
    return { resting };
  });
  context.command('concurrency', ({ value }) => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > MOST)
      throw new RangeError(`value must be a whole number from 1 to ${MOST}`);
    const before = limit;
    limit = value;
    changed();
    return { before, after: limit };
  });
  return { resting: () => resting, concurrency: () => limit };
}

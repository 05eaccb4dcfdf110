// How far the doctor is: a bar at the bottom of a terminal that names what is looked at the longest.
import { barText } from '../output/progress.js';

/** Every look there is, in the order of the screen. Some are left out where what they look at is not there. */
const LOOKS = [
  'node',
  'nats-server',
  'encoder',
  'disk',
  'traces',
  'vectors',
  'training',
  'bus',
  'sync',
  'jetstream',
  'streams',
  'consumers',
  'masters',
  'actors',
  'clock',
  'dead',
  'permissions',
] as const;

/** Says that a look goes on for as long as the work does. */
export type Look = <T>(name: (typeof LOOKS)[number], work: Promise<T>) => Promise<T>;

export interface Looking {
  readonly look: Look;
  /** One line for a terminal. */
  text(now: number): string;
}

export function looking(began: number): Looking {
  const open = new Set<string>();
  const done = new Set<string>();
  return {
    async look(name, work) {
      open.add(name);
      try {
        return await work;
      } finally {
        open.delete(name);
        done.add(name);
      }
    },
    text(now) {
      const [longest = 'this machine'] = open;
      return barText(`looking at ${longest}`, done.size / LOOKS.length, now - began, {
        n: done.size,
        unit: 'looks',
      });
    },
  };
}

// When a schedule is due. Pure.
import { Cron } from 'croner';

/** The pattern cannot be understood. */
export class BadSchedule extends Error {
  override readonly name = 'BadSchedule';
  constructor(
    readonly pattern: string,
    cause: unknown,
  ) {
    super(
      `"${pattern}" is no cron pattern (minute, hour, day of the month, month, day of the week, such as "0 3 * * *"): ${(cause as Error).message}`,
      { cause },
    );
  }
}

/** The latest moment at or before `now` and after `since` that the pattern names, in UTC; undefined when there is none. @throws BadSchedule. */
export function dueSince(pattern: string, since: Date, now: Date): Date | undefined {
  let due: Date | undefined;
  const cron = open(pattern);
  // Nights that were missed are one training, not many: the latest counts.
  for (let next = cron.nextRun(since), n = 0; next && next <= now && n < 10_000; next = cron.nextRun(next), n++)
    due = next;
  return due;
}

/** @throws BadSchedule. */
export function checkPattern(pattern: string): void {
  open(pattern);
}

function open(pattern: string): Cron {
  try {
    return new Cron(pattern, { timezone: 'Etc/UTC', paused: true });
  } catch (error) {
    throw new BadSchedule(pattern, error);
  }
}

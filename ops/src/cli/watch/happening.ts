// What `watch` hears and how it shows it: one line a happening. Pure: the same on every machine but for the local clock.
import type { Alert, DeadLetter, LogRecord, ReviewRequest } from '@cortex/schemas';
import type { colours } from '../output/index.js';
import { clock, paintStep, shorten, stepWords } from '../output/index.js';

/** One line of `watch --json`. */
export type Happening =
  | { event: LogRecord['step']; at: string; task: string; master?: string; record: LogRecord }
  | { event: 'alert'; at: string; alert: Alert }
  | { event: 'review'; at: string; task?: string; review: ReviewRequest }
  | { event: 'dead'; at: string; letter: DeadLetter };

/** Width of the longest step. */
const STEP_WIDTH = 9;

/** For people: clock, what happened, to which task, and how. */
export function happeningLine(happening: Happening, c: ReturnType<typeof colours>): string {
  const head = (event: string, painted: string) =>
    `${c.dim(clock(happening.at))} ${painted}${' '.repeat(Math.max(0, STEP_WIDTH - event.length))}`;
  switch (happening.event) {
    case 'alert': {
      const { severity, summary } = happening.alert;
      const paint = severity === 'critical' ? c.red : c.yellow;
      return `${head('alert', paint('alert'))} ${severity}: ${shorten(summary, 200)}`;
    }
    case 'review': {
      const { id, question } = happening.review;
      return `${head('review', c.yellow('review'))} ${id}  ${shorten(question, 200)}`;
    }
    case 'dead': {
      const { id, reason } = happening.letter;
      return `${head('dead', c.red('dead'))} ${id}  ${shorten(reason, 200)}`;
    }
    default: {
      const { record, master } = happening;
      const to = master ? ` ${c.dim('→')} ${c.bold(master)}` : '';
      return `${head(record.step, paintStep(record.step, c, record))} ${shorten(record.task.id, 60)}${to}  ${stepWords(record)}`;
    }
  }
}

// The screen of `watch` on a terminal: what happened scrolls past above, and one last line keeps count.
import type { Alert, DeadLetter, LogRecord, ReviewRequest } from '@cortex/schemas';
import pc from 'picocolors';
import { expect, it } from 'vitest';
import { lastLine, masterOf } from '../output/index.js';
import { type Happening, happeningLine } from './happening.js';
import { watchSummary } from './summary.js';

/** In local time, as the screen shows it: the same wherever this runs. */
const at = (second: number) => new Date(2026, 10, 29, 14, 3, second, 120).toISOString();

function happened(second: number, step: LogRecord['step'], id: string, more: object = {}): Happening {
  const record = { step, at: at(second), task: { id, priority: 'medium' }, ...more } as unknown as LogRecord;
  const master = masterOf(record);
  return { event: step, at: record.at, task: id, ...(master ? { master } : {}), record };
}

const decision = (master: string, more: object = {}) => ({
  decision: { master, confidence: 0.93, method: 'ensemble', latency_ms: 12, ...more },
});

const HAPPENINGS: readonly Happening[] = [
  happened(1, 'decided', 't-1', decision('security')),
  happened(2, 'decided', 't-2', decision('coordinator', { review: 'route-t-2', latency_ms: 31 })),
  {
    event: 'review',
    at: at(2),
    task: 't-2',
    review: { id: 'route-t-2', question: 'Which master should get this task? Order a cake' } as ReviewRequest,
  },
  happened(3, 'decided', 't-2', decision('development', { method: 'human' })),
  happened(4, 'settled', 't-1', {
    outcome: { master: 'security', status: 'completed', worker: 'w-1', minutes: 0.5, tokens: 1_234 },
  }),
  happened(5, 'settled', 't-2', {
    outcome: { master: 'development', status: 'failed', success: false, attempt: 2, error: 'tests are\nred' },
  }),
  happened(6, 'corrected', 't-1', { ...decision('security'), correction: { master: 'cicd', by: 'ada' } }),
  happened(7, 'cancelled', 't-3', { ...decision('inventory'), reason: 'no need' }),
  {
    event: 'alert',
    at: at(8),
    alert: { severity: 'critical', summary: 'security does not come along' } as Alert,
  },
  {
    event: 'dead',
    at: at(9),
    letter: { id: 'TASKS-7', reason: 'text: expected string, received number' } as DeadLetter,
  },
];

/** What a terminal shows of what is written to it. */
function terminal(columns: number) {
  const lines = [''];
  const stream = {
    isTTY: true,
    columns,
    write(text: string) {
      for (const part of text.replaceAll('\r\x1b[2K', '\r').split(/(?<=\n)|(?=\r)/)) {
        if (part.startsWith('\r')) lines[lines.length - 1] = '';
        lines[lines.length - 1] += part.replace(/[\r\n]/g, '');
        if (part.endsWith('\n')) lines.push('');
      }
      return true;
    },
  };
  return { stream: stream as unknown as NodeJS.WriteStream, shows: () => lines.join('\n') };
}

it('tells what happened to which task and how, a line each, and keeps count below', () => {
  const began = Date.parse(at(0));
  const { stream, shows } = terminal(100);
  const summary = watchSummary(began);
  const bottom = lastLine(() => summary.text(began + 10_000), stream);
  for (const happening of HAPPENINGS) {
    if ('record' in happening) summary.take(happening.record, Date.parse(happening.at));
    else if (happening.event === 'alert') summary.alert();
    bottom.above(() => stream.write(`${happeningLine(happening, pc.createColors(false))}\n`));
  }
  expect(shows()).toMatchInlineSnapshot(`
    "14:03:01.120 decided   t-1 → security  93 % sure, by ensemble, 12 ms
    14:03:02.120 decided   t-2 → coordinator  unsure: a person is asked, 31 ms
    14:03:02.120 review    route-t-2  Which master should get this task? Order a cake
    14:03:03.120 decided   t-2 → development  by a person
    14:03:04.120 settled   t-1 → security  completed, by w-1, 30.0 s, 1,234 tokens
    14:03:05.120 settled   t-2 → development  failed, attempt 2, error: tests are red
    14:03:06.120 corrected t-1 → security  belongs to cicd, says ada
    14:03:07.120 cancelled t-3 → inventory  no need
    14:03:08.120 alert     critical: security does not come along
    14:03:09.120 dead      TASKS-7  text: expected string, received number
    3 decided (0.3/s) · p50 12 ms, p99 31 ms · 1 unsure · 2 settled, 50 % well · 1 alert · 10.0 s"
  `);
  bottom.stop();
  // The prompt comes back to a line of its own.
  expect(shows().endsWith('received number\n')).toBe(true);
});

it('paints what needs somebody', () => {
  const painted = HAPPENINGS.map((happening) => happeningLine(happening, pc.createColors(true)));
  const [red, yellow] = [pc.createColors(true).red, pc.createColors(true).yellow];
  expect(painted[5]).toContain(red('settled'));
  expect(painted[8]).toContain(red('alert'));
  expect(painted[9]).toContain(red('dead'));
  expect(painted[2]).toContain(yellow('review'));
});

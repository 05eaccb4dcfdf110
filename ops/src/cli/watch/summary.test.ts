import type { LogRecord } from '@cortex/schemas';
import { expect, it } from 'vitest';
import { lastLine } from '../output/index.js';
import { watchSummary } from './summary.js';

const decided = (latency_ms: number, review?: string) =>
  ({ step: 'decided', decision: { latency_ms, ...(review ? { review } : {}) } }) as unknown as LogRecord;
const settled = (status: string) => ({ step: 'settled', outcome: { status } }) as unknown as LogRecord;

it('the live view says how many, how fast and how well', () => {
  const summary = watchSummary(0);
  expect(summary.text(0)).toBe('0 decided (0.0/s) · 0 settled · 0 ms');
  for (let i = 0; i < 20; i++) summary.take(decided(10 + i, i === 0 ? 'r' : undefined), 1_000);
  for (const status of ['completed', 'completed', 'completed', 'failed']) summary.take(settled(status), 2_000);
  summary.alert();
  expect(summary.text(10_000)).toBe(
    '20 decided (2.0/s) · p50 20 ms, p99 29 ms · 1 unsure · 4 settled, 75 % well · 1 alert · 10.0 s',
  );
  expect(summary.text(100_000)).toContain('20 decided (0.0/s)');
});

it('the last line stays below what scrolls, and draws nothing where there is no terminal', () => {
  const drawn: string[] = [];
  const terminal = (isTTY: boolean) =>
    ({ isTTY, columns: 30, write: (text: string) => drawn.push(text) }) as unknown as NodeJS.WriteStream;
  const line = lastLine(() => 'x'.repeat(50), terminal(true));
  line.above(() => void drawn.push('event'));
  line.stop();
  expect(drawn).toEqual([
    `\r\x1b[2K${'x'.repeat(29)}`,
    '\r\x1b[2K',
    'event',
    `\r\x1b[2K${'x'.repeat(29)}`,
    '\r\x1b[2K',
  ]);
  drawn.length = 0;
  const piped = lastLine(() => 'x', terminal(false));
  piped.above(() => void drawn.push('event'));
  piped.stop();
  expect(drawn).toEqual(['event']);
});

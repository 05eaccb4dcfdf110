import { expect, it } from 'vitest';
import { barText, countBar, progressBar } from './progress.js';

function stream(isTTY: boolean) {
  const written: string[] = [];
  return { written, stream: { isTTY, write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream };
}

it('a terminal sees a bar that says how long it still takes, and nothing of it is left at the end', () => {
  const { written, stream: terminal } = stream(true);
  let clock = 1_000;
  const show = progressBar(terminal, () => clock);
  show('reading', 0);
  clock += 5_000;
  show('reading', 0.25);
  clock += 10;
  show('reading', 0.26);
  clock += 5_000;
  show('reading', 0.5, { n: 12_000, unit: 'records' });
  show('reading', 1);
  expect(written.map((text) => text.replace('\r\x1b[2K', ''))).toEqual([
    '░░░░░░░░░░░░░░░░░░░░░░░░ 0 % reading',
    '██████░░░░░░░░░░░░░░░░░░ 25 % reading, 15.0 s left',
    '████████████░░░░░░░░░░░░ 50 % reading, 1,199 records/s, 10.0 s left',
    '',
  ]);
});

it('a pipe gets one line a stage', () => {
  const { written, stream: pipe } = stream(false);
  const show = progressBar(pipe);
  for (const share of [0, 0.5, 1]) show('reading', share);
  show('fitting', 0);
  expect(written).toEqual(['cortex: reading\n', 'cortex: fitting\n']);
  expect(barText('x', 2, 0)).toContain('100 %');
});

it('many things get a bar on a terminal, unless their results are printed there', () => {
  const seen = (many: number, printed: boolean, err: boolean, out: boolean) => {
    const [errors, output] = [stream(err), stream(out)];
    const bar = countBar('publishing', many, 'tasks', printed, { err: errors.stream, out: output.stream });
    bar(many / 2);
    bar(many);
    return [...errors.written, ...output.written];
  };
  expect(seen(100, true, true, false)).toEqual([expect.stringContaining('50 % publishing'), '\r\x1b[2K']);
  expect(seen(100, false, true, true)).toHaveLength(2);
  expect(seen(100, true, true, true)).toEqual([]);
  expect(seen(100, false, false, false)).toEqual([]);
  expect(seen(4, false, true, true)).toEqual([]);
});

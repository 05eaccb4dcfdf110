// Progress of long work on standard error: a bar with the time left on a terminal, one line a stage elsewhere.
import { duration } from './moments.js';

const WIDTH = 24;

/** What was done of a stage so far, such as 1,200 records: its rate stands beside the bar. */
export interface Done {
  readonly n: number;
  readonly unit: string;
}

/** Told the stage and which share of it is behind (0 to 1); at 1 the bar is taken away, so that what is printed next has its own line. */
export type ShowProgress = (stage: string, share: number, done?: Done) => void;

export function progressBar(stream: NodeJS.WriteStream = process.stderr, now: () => number = Date.now): ShowProgress {
  let last = '';
  let began = now();
  let drawnAt = 0;
  return (stage, share, done) => {
    if (stage !== last) {
      began = now();
      drawnAt = 0;
      if (!stream.isTTY) stream.write(`cortex: ${stage}\n`);
    }
    last = stage;
    if (!stream.isTTY) return;
    if (share >= 1) {
      stream.write('\r\x1b[2K');
      return;
    }
    // Ten pictures a second are enough for anybody.
    if (now() - drawnAt < 100) return;
    drawnAt = now();
    stream.write(`\r\x1b[2K${barText(stage, share, drawnAt - began, done)}`);
  };
}

/** How many things are worth a bar. */
const MANY = 50;

/**
 * A bar for so many things, told how many are behind; on a terminal alone. `printed`: their results are printed as they come, and where those go
 * to the same terminal they are progress enough.
 */
export function countBar(
  stage: string,
  of: number,
  unit: string,
  printed = false,
  { err = process.stderr, out = process.stdout }: { err?: NodeJS.WriteStream; out?: NodeJS.WriteStream } = {},
): (n: number) => void {
  if (err.isTTY !== true || of < MANY || (printed && out.isTTY === true)) return () => undefined;
  const show = progressBar(err);
  return (n) => show(stage, n / of, { n, unit });
}

/** Bar, percent, stage, rate where it is known, and time left. */
export function barText(stage: string, share: number, elapsedMs: number, done?: Done): string {
  const behind = Math.min(1, Math.max(0, share));
  const full = Math.round(behind * WIDTH);
  const rate = done && elapsedMs > 0 ? `, ${perSecond(done.n / (elapsedMs / 1_000))} ${done.unit}/s` : '';
  const left = behind > 0.02 && behind < 1 ? `, ${duration((elapsedMs * (1 - behind)) / behind)} left` : '';
  return `${'█'.repeat(full)}${'░'.repeat(WIDTH - full)} ${Math.round(100 * behind)} % ${stage}${rate}${left}`;
}

const perSecond = (n: number): string => (n < 10 ? n.toFixed(1) : Math.round(n).toLocaleString('en'));

// Progress of long work on standard error: a bar with the time left on a terminal, one line a stage elsewhere.
import { duration } from './moments.js';

const WIDTH = 24;

/** Told the stage and which share of it is behind (0 to 1); at 1 the bar is taken away, so that what is printed next has its own line. */
export type ShowProgress = (stage: string, share: number) => void;

export function progressBar(stream: NodeJS.WriteStream = process.stderr, now: () => number = Date.now): ShowProgress {
  let last = '';
  let began = now();
  let drawnAt = 0;
  return (stage, share) => {
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
    stream.write(`\r\x1b[2K${barText(stage, share, drawnAt - began)}`);
  };
}

/** Bar, percent, stage and time left. */
export function barText(stage: string, share: number, elapsedMs: number): string {
  const done = Math.min(1, Math.max(0, share));
  const full = Math.round(done * WIDTH);
  const left = done > 0.02 && done < 1 ? `, ${duration((elapsedMs * (1 - done)) / done)} left` : '';
  return `${'█'.repeat(full)}${'░'.repeat(WIDTH - full)} ${Math.round(100 * done)} % ${stage}${left}`;
}

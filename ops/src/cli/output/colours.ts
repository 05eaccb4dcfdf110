// Colours on a terminal only; NO_COLOR (any value) switches them off, FORCE_COLOR on.
import pc from 'picocolors';

export type Colours = ReturnType<typeof pc.createColors>;

export function paintsOn(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env): boolean {
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false;
  if (env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '0') return true;
  return stream.isTTY === true && env.TERM !== 'dumb';
}

/** Colours for standard output. */
export function colours(): Colours {
  return pc.createColors(paintsOn(process.stdout));
}

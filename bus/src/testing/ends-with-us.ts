// Processes that a test or a measurement starts: none outlives it, however it ends (but by kill -9).
import type { ChildProcess } from 'node:child_process';

const ours = new Set<ChildProcess>();

/** Kills the process when this one exits. */
export function endsWithUs(child: ChildProcess): ChildProcess {
  ours.add(child);
  child.once('exit', () => ours.delete(child));
  return child;
}

process.on('exit', () => {
  for (const child of ours) child.kill('SIGKILL');
});

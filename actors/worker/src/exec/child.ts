// A command as a child in a process group of its own, which ends whole: when the command ends, when it must stop, and when this process
// dies, even by SIGKILL.
import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

export interface Ended {
  /** Exit code; undefined when a signal ended it or it could not be started. */
  readonly code: number | undefined;
  readonly signal: string | undefined;
}

export interface Child {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** When the command itself has ended and its output is read. Rejects when it could not be started. */
  readonly ended: Promise<Ended>;
  /** Asks the whole group to end, and makes it after `killAfterMs`. */
  stop(): void;
}

export interface ChildOptions {
  readonly command: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly killAfterMs: number;
}

/**
 * A guard waits in the group for the end of pipe 3, which only this process holds open. When this process is gone it ends the group. It also
 * keeps the group's id from being given to somebody else. The command is an argument, never part of the script.
 */
const GUARDED = `
( trap '' TERM INT HUP; exec <&3 3<&- >/dev/null 2>&1; read -r _
  kill -TERM -$$; sleep "$2"; kill -KILL -$$ ) &
exec 3<&-
exec /bin/sh -c "$1"
`;

/** Milliseconds that output may still arrive after its command has ended. */
const PIPES_MS = 2_000;

export function startChild(options: ChildOptions): Child {
  return process.platform === 'win32' ? onWindows(options) : onUnix(options);
}

function onUnix(options: ChildOptions): Child {
  const seconds = String(Math.max(1, Math.ceil(options.killAfterMs / 1_000)));
  const child = spawn('/bin/sh', ['-c', GUARDED, 'cortex-worker', options.command, seconds], {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    env: options.env,
    ...(options.cwd ? { cwd: options.cwd } : {}),
  });
  // Our end of the guard's pipe breaks when the guard is killed; that is the plan.
  child.stdio[3]?.on('error', () => undefined);
  const signalGroup = (signal: NodeJS.Signals) => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, signal);
    } catch {
      // ESRCH: the whole group has ended.
    }
  };
  return wire(child, options.killAfterMs, {
    ask: () => signalGroup('SIGTERM'),
    // Also takes the guard and whatever the command left in the background.
    make: () => signalGroup('SIGKILL'),
  });
}

function onWindows(options: ChildOptions): Child {
  const child = spawn(options.command, {
    shell: true,
    windowsHide: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: options.env,
    ...(options.cwd ? { cwd: options.cwd } : {}),
  });
  const killTree = () => {
    if (child.exitCode !== null || child.pid === undefined) return;
    spawn('taskkill', ['/pid', String(child.pid), '/T', '/F'], { stdio: 'ignore' }).once('error', () => undefined);
  };
  return wire(child, options.killAfterMs, { ask: killTree, make: killTree });
}

function wire(child: ChildProcess, killAfterMs: number, group: { ask: () => void; make: () => void }): Child {
  const { stdin, stdout, stderr } = child;
  if (!stdin || !stdout || !stderr) throw new Error('a child without pipes');
  // A command need not read its input.
  stdin.on('error', () => undefined);
  let killer: NodeJS.Timeout | undefined;
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    // `exit`: the command itself. Its group goes now, so that nothing in the background holds the pipes and `close` can follow.
    child.once('exit', (code, signal) => {
      clearTimeout(killer);
      group.make();
      const end = () => {
        clearTimeout(escaped);
        resolve({ code: code ?? undefined, signal: signal ?? undefined });
      };
      // What left the group (a daemon) may hold the pipes for ever; the command has ended all the same.
      const escaped = setTimeout(() => {
        stdout.destroy();
        stderr.destroy();
        end();
      }, PIPES_MS);
      child.once('close', end);
    });
  });
  return {
    stdin,
    stdout,
    stderr,
    ended,
    stop() {
      group.ask();
      killer ??= setTimeout(group.make, killAfterMs);
    },
  };
}

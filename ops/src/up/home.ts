// The folder `cortex up` keeps its things in, and up.json in it: who runs here and where its bus is. One `up` a folder.
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export interface Running {
  /** Process id of the `up`. */
  readonly pid: number;
  /** When that process started, as the system says it: a pid is used again after a while. */
  readonly born?: string;
  readonly nats: string;
  /** Of the nats-server that this `up` started; none when it uses another's. */
  readonly nats_pid?: number;
  /** Name the started nats-server gives itself: tells ours from a stranger's. */
  readonly nats_name?: string;
  readonly started_at: string;
}

/** `CORTEX_HOME`, else `.cortex` in the working directory. */
export function homeFolder(env: NodeJS.ProcessEnv = process.env): string {
  return resolve(env.CORTEX_HOME || '.cortex');
}

/** Where training data is kept: `CORTEX_TRAINING_DATA`, else `training-data` in the home folder. */
export function trainingFolder(env: NodeJS.ProcessEnv = process.env): string {
  return resolve(env.CORTEX_TRAINING_DATA || join(homeFolder(env), 'training-data'));
}

const upFile = (env: NodeJS.ProcessEnv) => join(homeFolder(env), 'up.json');

/** The `up` that runs in this folder; a file left by a dead one is ignored. */
export function readRunning(env: NodeJS.ProcessEnv = process.env): Running | undefined {
  const noted = readNoted(env);
  return noted && isAlive(noted.pid, noted.born) ? noted : undefined;
}

/** What the last `up` wrote, whether it lives or not. */
export function readNoted(env: NodeJS.ProcessEnv = process.env): Running | undefined {
  try {
    const noted = JSON.parse(readFileSync(upFile(env), 'utf8')) as Running;
    return typeof noted.pid === 'number' && typeof noted.nats === 'string' ? noted : undefined;
  } catch {
    return undefined;
  }
}

/** Thrown when another `up` holds this folder. */
export class AlreadyRunning extends Error {
  override readonly name = 'AlreadyRunning';
  constructor(readonly running: Running) {
    super(
      `cortex up already runs in this folder (process ${running.pid}, ${running.nats}): use it, or stop it with "kill ${running.pid}"`,
    );
  }
}

/** Thrown when the folder cannot be written. */
export class HomeNotWritable extends Error {
  override readonly name = 'HomeNotWritable';
  constructor(folder: string, cause: unknown) {
    super(
      `the data folder ${folder} cannot be written (${(cause as NodeJS.ErrnoException).code ?? cause}): make it writable, or set CORTEX_HOME to another folder`,
      { cause },
    );
  }
}

export interface Claim {
  /** Replaces what up.json says. */
  note(running: Omit<Running, 'pid' | 'born' | 'started_at'>): void;
  release(): void;
}

/** Takes the folder for this process. Throws {@link AlreadyRunning} or {@link HomeNotWritable}. */
export function claimHome(nats: string, env: NodeJS.ProcessEnv = process.env): Claim {
  const folder = homeFolder(env);
  const file = upFile(env);
  const born = bornOf(process.pid);
  const started_at = new Date().toISOString();
  const document = (running: Omit<Running, 'pid' | 'born' | 'started_at'>) =>
    `${JSON.stringify({ pid: process.pid, ...(born ? { born } : {}), ...running, started_at } satisfies Running, null, 2)}\n`;
  try {
    mkdirSync(join(folder, 'nats'), { recursive: true });
    const probe = join(folder, 'nats', `.probe-${process.pid}`);
    writeFileSync(probe, '');
    unlinkSync(probe);
  } catch (error) {
    throw new HomeNotWritable(folder, error);
  }
  // Two at the same moment: only one can create the file.
  for (let tries = 0; ; tries++) {
    const running = readRunning(env);
    if (running) throw new AlreadyRunning(running);
    if (tries > 0) rmSync(file, { force: true });
    try {
      const handle = openSync(file, 'wx');
      writeFileSync(handle, document({ nats }));
      closeSync(handle);
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || tries > 3) throw new HomeNotWritable(folder, error);
    }
  }
  return {
    note: (running) => writeFileSync(file, document(running)),
    release: () => rmSync(file, { force: true }),
  };
}

export function isAlive(pid: number, born?: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const now = bornOf(pid);
  return born === undefined || now === undefined || now === born;
}

/** Start time of a process in clock ticks since boot; undefined where there is no /proc. */
function bornOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended, whatever signals say.
    return fields[0] === 'Z' ? 'ended' : fields[19];
  } catch {
    return undefined;
  }
}

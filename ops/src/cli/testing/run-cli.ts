// Runs the built command line as a user's shell would: a child process, its own folder, its own environment.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from '@cortex/bus';

const MAIN = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Place {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  /** Runs a command to its end. */
  run(args: readonly string[], more?: { input?: string; env?: NodeJS.ProcessEnv }): Promise<Ran>;
  /** Starts a command that goes on. */
  start(args: readonly string[], env?: NodeJS.ProcessEnv): Started;
  /** Ends what was started here and removes the folder. */
  clean(): Promise<void>;
}

export interface Started {
  readonly child: ChildProcess;
  out(): string;
  err(): string;
  /** Waits until standard output or error holds this. */
  says(what: string | RegExp, limitMs?: number): Promise<string>;
  readonly ended: Promise<Ran>;
  /** Sends a signal and waits for the end. */
  end(signal?: NodeJS.Signals): Promise<Ran>;
}

/** A fresh folder whose commands see nothing of this machine's environment but what finds programs and fetched things. */
export async function freshPlace(env: NodeJS.ProcessEnv = {}): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'cortex-cli-'));
  const { PATH, HOME, TMPDIR, CORTEX_NATS_SERVER, CORTEX_ENCODER, CORTEX_CACHE, XDG_CACHE_HOME } = process.env;
  const clean = Object.fromEntries(
    Object.entries({ PATH, HOME, TMPDIR, CORTEX_NATS_SERVER, CORTEX_ENCODER, CORTEX_CACHE, XDG_CACHE_HOME }).filter(
      ([, value]) => value !== undefined,
    ),
  );
  const full: NodeJS.ProcessEnv = { ...clean, NO_COLOR: '1', TZ: 'UTC', ...env };
  const started: Started[] = [];
  const start = (args: readonly string[], more: NodeJS.ProcessEnv = {}): Started => {
    const child = spawn(process.execPath, [MAIN, ...args], {
      cwd: folder,
      env: { ...full, ...more },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (bytes) => {
      out += bytes;
    });
    child.stderr.on('data', (bytes) => {
      err += bytes;
    });
    child.stdin.on('error', () => undefined);
    const ended = new Promise<Ran>((resolve) => child.once('close', (code) => resolve({ code, out, err })));
    const handle: Started = {
      child,
      out: () => out,
      err: () => err,
      async says(what, limitMs = 30_000) {
        const has = () => (typeof what === 'string' ? (out + err).includes(what) : what.test(out + err));
        await until(`"${what}" from: cortex ${args.join(' ')}`, () => has() || child.exitCode !== null, limitMs);
        if (!has()) throw new Error(`it ended without saying ${what}: ${out}${err}`);
        return out + err;
      },
      ended,
      async end(signal = 'SIGTERM') {
        if (child.exitCode === null && child.signalCode === null) child.kill(signal);
        return ended;
      },
    };
    started.push(handle);
    return handle;
  };
  return {
    folder,
    env: full,
    start,
    async run(args, more = {}) {
      const handle = start(args, more.env);
      handle.child.stdin?.end(more.input ?? '');
      return handle.ended;
    },
    async clean() {
      await Promise.all(started.map((handle) => handle.end()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A screen whose every word is the same in each run and on each machine: what differs becomes a word of its own. */
export function steady(text: string): string {
  return text
    .replaceAll(`${userInfo().username}@${hostname()}`, 'PERSON')
    .replace(/\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+Z)?/g, 'DAY')
    .replace(/\d\d:\d\d:\d\d\.\d{3}/g, 'CLOCK')
    .replace(/\bjust now\b|\b[\d.]+ (ms|s|min)( \d+ s)? ago\b/g, 'AGO')
    .replace(/\b[\d.]+ (ms|s)\b/g, 'TIME')
    .replace(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{32,64}\b/g, 'HASH')
    .replace(/\b(coordinator|cli)-\w{8}/g, '$1-INSTANCE')
    .replace(/\bTASKS-\d+|\bnumber \d+/g, 'PLACE')
    .replace(/([<>] )?\d+ %/g, 'N %')
    .replace(/█+/g, 'BAR')
    .replace(/[^\S\n]+/g, ' ');
}

/** The only line on standard error. */
export function oneLine(ran: Ran): string {
  const lines = ran.err.trimEnd().split('\n');
  if (lines.length !== 1) throw new Error(`expected one line on standard error, got: ${ran.err}`);
  return lines[0] ?? '';
}

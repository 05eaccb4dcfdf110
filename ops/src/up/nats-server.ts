// Our own nats-server: JetStream on loopback with a data folder, every write synced, brought back when it dies.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { createServer, connect as tcpConnect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { backOff } from './back-off.js';
import { PortTaken, ServerFailed } from './errors.js';
import { isAlive, type Running } from './home.js';

export interface OwnServerOptions {
  /** The nats-server to run. */
  readonly binary: string;
  readonly port: number;
  /** Data, configuration and log go below this folder. */
  readonly home: string;
  /** One line about something a person should know. */
  readonly log: (line: string) => void;
  /** Told the process id after each start. */
  readonly onStart?: (pid: number) => void;
  /** Milliseconds after which a server that was asked to end is killed. Default 10,000. */
  readonly insistMs?: number;
}

export interface OwnServer {
  readonly url: string;
  readonly name: string;
  readonly logFile: string;
  pid(): number | undefined;
  /** Asks it to end, waits, and insists; it is started again as after any other end. Resolves when the old one is gone. */
  restart(): Promise<void>;
  /** Asks it to end, waits, and insists. */
  stop(): Promise<void>;
}

/** Starts it and keeps it. Throws {@link PortTaken} or {@link ServerFailed}. */
export async function startOwnServer(options: OwnServerOptions): Promise<OwnServer> {
  const { port, home, log } = options;
  const holder = await portHolder(port);
  if (holder !== 'nobody') throw new PortTaken(port, holder);
  const name = `cortex-${process.pid}-${Date.now().toString(36)}`;
  const conf = join(home, 'nats.conf');
  const logFile = join(home, 'nats-server.log');
  mkdirSync(join(home, 'nats'), { recursive: true });
  writeFileSync(conf, configuration(name, port, join(home, 'nats')));
  const url = `nats://127.0.0.1:${port}`;
  const wait = backOff();
  let child: ChildProcess | undefined;
  let stopping = false;
  const start = async () => {
    const out = openSync(logFile, 'a');
    // A group of its own: Ctrl-C in the terminal must reach the actors first, this server last.
    const started = spawn(options.binary, ['-c', conf], { stdio: ['ignore', out, out], detached: true });
    closeSync(out);
    child = started;
    started.on('error', () => undefined);
    started.once('exit', (code, signal) => {
      if (stopping) return;
      const delay = wait.next();
      log(`nats-server ended (${signal ?? `code ${code}`}): starting it again in ${Math.round(delay)} ms`);
      setTimeout(() => {
        if (stopping) return;
        start().catch((error: Error) => log(`${error.message}; its last words are in ${logFile}`));
      }, delay);
    });
    await untilOpen(started, port, logFile);
    if (started.pid !== undefined) options.onStart?.(started.pid);
  };
  const end = async (dying: ChildProcess | undefined) => {
    if (!dying || dying.exitCode !== null || dying.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => dying.once('exit', () => resolve()));
    dying.kill('SIGTERM');
    // One whose disk was full may never come to its end by itself.
    await Promise.race([gone, sleep(options.insistMs ?? 10_000, undefined, { ref: false })]);
    if (dying.exitCode === null && dying.signalCode === null) dying.kill('SIGKILL');
    await gone;
  };
  try {
    await start();
  } catch (error) {
    stopping = true;
    child?.kill('SIGKILL');
    throw error;
  }
  return {
    url,
    name,
    logFile,
    pid: () => child?.pid,
    restart: () => end(child),
    stop() {
      stopping = true;
      return end(child);
    },
  };
}

/** Ends the nats-server that a killed `up` left behind, so that the next one can have its port and data. */
export async function endOrphan(noted: Running | undefined, log: (line: string) => void): Promise<void> {
  if (noted?.nats_pid === undefined || noted.nats_name === undefined || !isAlive(noted.nats_pid)) return;
  const port = Number(new URL(noted.nats).port);
  // The pid may be somebody else's by now: only a server that answers with our name is ours.
  if ((await greeting(port))?.server_name !== noted.nats_name) return;
  log(`ending the nats-server (process ${noted.nats_pid}) that an earlier cortex up left behind`);
  process.kill(noted.nats_pid, 'SIGTERM');
  for (let i = 0; i < 200 && isAlive(noted.nats_pid); i++) await sleep(50);
}

function configuration(name: string, port: number, data: string): string {
  return `# Written by "cortex up" at each start; changes here are lost.
server_name: ${JSON.stringify(name)}
listen: "127.0.0.1:${port}"
jetstream {
  store_dir: ${JSON.stringify(data)}
  # The server's default is to sync every two minutes: acknowledged tasks could be lost when the power fails.
  sync_interval: always
}
`;
}

async function untilOpen(child: ChildProcess, port: number, logFile: string): Promise<void> {
  for (let i = 0; i < 1_200; i++) {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined)
      throw new ServerFailed(
        `nats-server did not start (${child.signalCode ?? `code ${child.exitCode}`}): see ${logFile}`,
      );
    if (await greeting(port)) return;
    await sleep(25);
  }
  throw new ServerFailed(`nats-server did not open port ${port} within 30 s: see ${logFile}`);
}

/** Who listens on a loopback port. */
export async function portHolder(port: number): Promise<'nobody' | 'nats' | 'other'> {
  if (await greeting(port)) return 'nats';
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve('other'));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve('nobody')));
  });
}

/** The INFO line that a NATS server greets with; undefined when nobody or somebody else answers. */
export function greeting(
  port: number,
  host = '127.0.0.1',
): Promise<{ server_name?: string; jetstream?: boolean } | undefined> {
  return new Promise((resolve) => {
    const socket = tcpConnect(port, host);
    let heard = '';
    const end = (answer?: { server_name?: string }) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1_000, () => end());
    socket.once('error', () => end());
    socket.once('close', () => end());
    socket.on('data', (bytes) => {
      heard += bytes.toString('utf8');
      if (!heard.startsWith('INFO ')) return end();
      const line = heard.split('\r\n')[0] ?? '';
      if (heard.includes('\r\n')) {
        try {
          end(JSON.parse(line.slice(5)) as { server_name?: string });
        } catch {
          end();
        }
      }
    });
  });
}

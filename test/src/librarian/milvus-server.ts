// A real Milvus Lite on a free loopback port with a data folder of its own; it can be killed and brought back.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@cortex/bus/testing';
import { type ProvidedMilvusLite, provideMilvusLite } from '@cortex/ops';

export interface MilvusServer {
  readonly address: string;
  /** kill -9. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** The program, or why there is none; where everything is required it is installed. */
export async function milvusLite(): Promise<ProvidedMilvusLite> {
  const required = process.env.CORTEX_REQUIRE_ALL === '1';
  const found = await provideMilvusLite({ install: required, log: (line) => process.stderr.write(`${line}\n`) });
  if (!found.found && required) throw new Error(found.reason);
  return found;
}

export async function startMilvusLite(program: Extract<ProvidedMilvusLite, { found: true }>): Promise<MilvusServer> {
  const folder = await mkdtemp(join(tmpdir(), 'cortex-milvus-'));
  const port = await freePort();
  let child: ChildProcess | undefined;
  const start = async () => {
    child = spawn(
      program.command,
      [...program.args, 'server', '--data-dir', folder, '--host', '127.0.0.1', '--port', String(port)],
      {
        stdio: 'ignore',
        env: program.env,
      },
    );
    await untilOpen(port, child);
  };
  const kill = async () => {
    const dying = child;
    child = undefined;
    if (!dying || dying.exitCode !== null || dying.signalCode !== null) return;
    const gone = new Promise((resolve) => dying.once('exit', resolve));
    dying.kill('SIGKILL');
    await gone;
  };
  await start();
  return {
    address: `127.0.0.1:${port}`,
    kill,
    restart: start,
    async stop() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function untilOpen(port: number, child: ChildProcess): Promise<void> {
  for (let i = 0; i < 1_200; i++) {
    if (child.exitCode !== null) throw new Error(`Milvus Lite ended with code ${child.exitCode}`);
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`Milvus Lite did not open port ${port} within a minute`);
}

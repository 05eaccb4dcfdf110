// An MLflow server for a test or a look: on loopback and a free port, everything it keeps in one folder, stopped by its process id.
import { spawn } from 'node:child_process';
import { join } from 'node:path';

export interface RunningMlflow {
  /** For MLFLOW_TRACKING_URI. */
  readonly uri: string;
  stop(): Promise<void>;
}

const START_LIMIT_MS = 120_000;

/** @throws Error with the server's last words when it does not come up. */
export async function startMlflow(python: string, folder: string, port: number): Promise<RunningMlflow> {
  const uri = `http://127.0.0.1:${port}`;
  const child = spawn(
    python,
    [
      ...['-m', 'mlflow', 'server', '--host', '127.0.0.1', '--port', String(port), '--workers', '1'],
      ...['--backend-store-uri', `sqlite:///${join(folder, 'mlflow.db')}`],
      ...['--artifacts-destination', join(folder, 'artifacts')],
    ],
    {
      cwd: folder,
      // It must phone nobody, and needs no runner of jobs of its own.
      env: {
        ...process.env,
        MLFLOW_DISABLE_TELEMETRY: 'true',
        DO_NOT_TRACK: 'true',
        MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own: the server starts a worker process, which must end with it.
      detached: true,
    },
  );
  let words = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      words = (words + chunk.toString()).slice(-2_000);
    });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async () => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    process.kill(-child.pid, 'SIGTERM');
    const hard = setTimeout(() => process.kill(-(child.pid as number), 'SIGKILL'), 10_000);
    await ended;
    clearTimeout(hard);
  };
  const until = Date.now() + START_LIMIT_MS;
  for (;;) {
    const answer = await fetch(`${uri}/health`, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
    if (answer?.ok) return { uri, stop };
    if (child.exitCode !== null || Date.now() > until) {
      await stop();
      throw new Error(`MLflow did not come up: ${words.trim().split('\n').slice(-3).join(' | ')}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

// A real Prometheus for a test: scrapes what a monitor lists, each second, and answers queries.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, until } from '@cortex/bus/testing';

export interface Prometheus {
  /** Values of all series an expression finds now. Throws with Prometheus' own words. */
  query(expression: string): Promise<number[]>;
  stop(): Promise<void>;
}

/** Folder of prometheus and promtool, or why there is none. `CORTEX_REQUIRE_ALL=1` turns the reason into an error. */
export function prometheusFolder(): { path: string } | { missing: string } {
  const path = process.env.CORTEX_PROMETHEUS;
  if (path) return { path };
  const missing = 'no Prometheus: CORTEX_PROMETHEUS is not set (npm test finds or fetches it)';
  if (process.env.CORTEX_REQUIRE_ALL === '1') throw new Error(missing);
  return { missing };
}

/** @param monitor address of the monitor whose `/targets` are scraped */
export async function startPrometheus(folder: string, monitor: string): Promise<Prometheus> {
  const home = await mkdtemp(join(tmpdir(), 'cortex-prometheus-'));
  const port = await freePort();
  await writeFile(
    join(home, 'prometheus.yml'),
    `global: { scrape_interval: 1s }
scrape_configs:
  - job_name: cortex
    http_sd_configs: [{ url: '${monitor}/targets', refresh_interval: 1s }]
`,
  );
  const child = spawn(
    join(folder, 'prometheus'),
    [
      `--config.file=${join(home, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(home, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ],
    { stdio: 'ignore' },
  );
  const base = `http://127.0.0.1:${port}`;
  await until(
    'Prometheus to be ready',
    async () => {
      if (child.exitCode !== null) throw new Error(`prometheus ended with code ${child.exitCode}`);
      return (await fetch(`${base}/-/ready`).catch(() => undefined))?.ok;
    },
    30_000,
  );
  return {
    async query(expression) {
      const answer = (await (
        await fetch(`${base}/api/v1/query`, { method: 'POST', body: new URLSearchParams({ query: expression }) })
      ).json()) as { status: string; error?: string; data?: { result: { value: [number, string] }[] } };
      if (answer.status !== 'success') throw new Error(`${expression}: ${answer.error}`);
      return (answer.data?.result ?? []).map(({ value }) => Number(value[1]));
    },
    async stop() {
      if (child.exitCode === null) {
        const gone = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGTERM');
        await gone;
      }
      await rm(home, { recursive: true, force: true });
    },
  };
}

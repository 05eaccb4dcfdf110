import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@cortex/bus/testing';
import { type MlflowRun, openMlflow } from '@cortex/models';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { provideMlflow } from './mlflow.js';
import { type RunningMlflow, startMlflow } from './mlflow-server.js';

const required = process.env.CORTEX_REQUIRE_ALL === '1';
const provided = await provideMlflow({ install: required });
if (!provided.found && required) throw new Error(provided.reason);
const title = 'a run on a real MLflow server';

describe.skipIf(!provided.found)(
  provided.found ? title : `${title} (skipped: ${provided.reason})`,
  { timeout: 180_000 },
  () => {
    let folder: string;
    let server: RunningMlflow;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'cortex-mlflow-'));
      server = await startMlflow(provided.found ? provided.python : '', folder, await freePort());
    }, 180_000);
    afterAll(async () => {
      await server?.stop();
      await rm(folder, { recursive: true, force: true });
    });
    const ask = async (path: string) => (await fetch(`${server.uri}/api/2.0/${path}`)).json() as Promise<unknown>;
    const open = (run: string): Promise<MlflowRun> =>
      openMlflow({ uri: `${server.uri}/`, run, tags: { 'cortex.job': run }, env: {} });

    it('has its params, its whole curve, its file and its end', async () => {
      const run = await open('job-1');
      await run.params({ seed: 7, neural: true, fingerprint: 'a'.repeat(600) });
      for (let step = 1; step <= 1_200; step++) await run.scalar('network/held_out_loss', 1 / step, step);
      await run.artifact('training.json', '{"rows":3}');
      await run.end('done');
      const kept = (await ask(`mlflow/runs/get?run_id=${run.id}`)) as {
        run: {
          info: { status: string; run_name: string };
          data: {
            metrics: { key: string; value: number; step: number }[];
            params: { key: string; value: string }[];
            tags: { key: string; value: string }[];
          };
        };
      };
      expect(kept.run.info).toMatchObject({ status: 'FINISHED', run_name: 'job-1' });
      expect(kept.run.data.params).toContainEqual({ key: 'seed', value: '7' });
      expect(kept.run.data.params).toContainEqual({ key: 'fingerprint', value: 'a'.repeat(500) });
      expect(kept.run.data.tags).toContainEqual({ key: 'cortex.job', value: 'job-1' });
      expect(kept.run.data.metrics).toContainEqual(
        expect.objectContaining({ key: 'network/held_out_loss', step: 1_200 }),
      );
      const curve = (await ask(
        `mlflow/metrics/get-history?run_id=${run.id}&metric_key=${encodeURIComponent('network/held_out_loss')}&max_results=5000`,
      )) as { metrics: unknown[] };
      expect(curve.metrics).toHaveLength(1_200);
      const files = (await ask(`mlflow/artifacts/list?run_id=${run.id}`)) as { files: { path: string }[] };
      expect(files.files.map((f) => f.path)).toEqual(['training.json']);
    });

    it('shares its experiment with all others, also when two make it at the same moment', async () => {
      const both = await Promise.all(
        ['job-2', 'job-3'].map((run) => openMlflow({ uri: server.uri, run, experiment: 'side by side', env: {} })),
      );
      await both[0]?.end('failed');
      await both[1]?.end('cancelled');
      const { experiment } = (await ask(
        `mlflow/experiments/get-by-name?experiment_name=${encodeURIComponent('side by side')}`,
      )) as { experiment: { experiment_id: string } };
      const status = await Promise.all(
        both.map(async (run) => {
          const { run: kept } = (await ask(`mlflow/runs/get?run_id=${run.id}`)) as {
            run: { info: { status: string; experiment_id: string } };
          };
          expect(kept.info.experiment_id).toBe(experiment.experiment_id);
          return kept.info.status;
        }),
      );
      expect(status).toEqual(['FAILED', 'KILLED']);
    });
  },
);

describe('without a server', () => {
  it('says which address does not answer', async () => {
    await expect(openMlflow({ uri: 'http://127.0.0.1:1', run: 'x', env: {} })).rejects.toThrow(
      /^MLflow at http:\/\/127\.0\.0\.1:1: does not answer/,
    );
  });
  it('says that a folder is no server', async () => {
    await expect(openMlflow({ uri: 'sqlite:///x.db', run: 'x', env: {} })).rejects.toThrow(/only a tracking server/);
  });
  it('does not install a minute of Python that nobody asked for', async () => {
    const env = { PATH: process.env.PATH, CORTEX_CACHE: join(tmpdir(), 'cortex-no-such-cache') };
    expect(await provideMlflow({ env })).toMatchObject({
      found: false,
      reason: expect.stringMatching(/not asked for/),
    });
  });
  it('refuses a CORTEX_MLFLOW that is not there, naming it', async () => {
    await expect(provideMlflow({ env: { CORTEX_MLFLOW: '/nowhere/python' } })).rejects.toThrow(
      /CORTEX_MLFLOW: \/nowhere\/python is not a file/,
    );
  });
});

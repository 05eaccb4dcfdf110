import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bus, provision, runActor, silentLogger, taskLog } from '@cortex/bus';
import { describeOnServer, until } from '@cortex/bus/testing';
import { keptFiles, readKept, readNpy, readTable, type TableName } from '@cortex/models';
import { encodeMessage, type NewLogRecord } from '@cortex/schemas';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { recorderActor } from './actor.js';

const PROCESS_FILE = new URL('../dist/testing/recorder-process.js', import.meta.url);
const QUICK = { flush_ms: 50, batch: 200, sample_ms: 0, encoder: 'none' };

function decided(id: string): NewLogRecord {
  return {
    step: 'decided',
    task: { id, priority: 'high', text: `scan ${id}` },
    decision: {
      task: id,
      master: 'security',
      confidence: 0.9,
      probabilities: { security: 0.9 },
      experts: [],
      method: 'ensemble',
      propensity: 1,
      candidates: ['security'],
      models: {},
      arm: 'champion',
      explanation: [],
      latency_ms: 1,
      decided_at: new Date().toISOString(),
    },
  };
}

describeOnServer('the recorder', (suite) => {
  let folder: string;
  let bus: Bus;
  const children: ChildProcess[] = [];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cortex-recorder-'));
    bus = await suite.connect();
    await hurry();
  });
  afterEach(async () => {
    for (const child of children.splice(0)) await end(child);
    await rm(folder, { recursive: true, force: true });
  });

  /** Redelivery within a second, so that the test does not wait for the default of fifteen. */
  async function hurry(): Promise<void> {
    for (const stream of ['LOG', 'TELEMETRY'] as const)
      await bus.jsm.consumers.update(bus.subjects.stream(stream), 'recorder', { ack_wait: 1_000_000_000 });
  }
  const start = (where = folder, settings: object = { ...QUICK, folder: where }) => {
    const args = [PROCESS_FILE.pathname, suite.server().url, JSON.stringify(settings)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    children.push(child);
    return child;
  };
  async function end(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }
  async function publishTasks(from: number, count: number): Promise<void> {
    const log = taskLog(bus);
    for (let i = from; i < from + count; i++) {
      const id = `t-${i}`;
      const first = await log.append(id, decided(id), 'security', 'high', undefined);
      const settled: NewLogRecord = {
        step: 'settled',
        task: { id, priority: 'high' },
        ...(first.record.decision ? { decision: first.record.decision } : {}),
        outcome: { task: id, status: 'completed', success: true },
        settled_as: 'settled',
      };
      await log.append(id, settled, 'security', 'high', first);
      const heartbeat = {
        worker: 'w',
        master: 'security',
        at: new Date().toISOString(),
        status: 'idle',
        gauges: { i },
      };
      await bus.js.publish(bus.subjects.telemetry('w'), encodeMessage(heartbeat));
    }
  }
  const messages = async (stream: 'LOG' | 'TELEMETRY' | 'ALERTS') =>
    (await bus.jsm.streams.info(bus.subjects.stream(stream))).state.messages;
  const sequences = async (table: TableName, where = folder) => {
    const list: number[] = [];
    for await (const row of readTable(where, table)) list.push(Number(row.sequence));
    return list;
  };
  const caughtUp = (stream: 'LOG' | 'TELEMETRY') =>
    until(
      `the recorder to have ${stream}`,
      async () => {
        const info = await bus.jsm.consumers.info(bus.subjects.stream(stream), 'recorder');
        return info.num_pending === 0 && info.num_ack_pending === 0;
      },
      40_000,
    );
  async function digests(where: string): Promise<[string, string][]> {
    const entries = (await readdir(where, { recursive: true, withFileTypes: true })).filter((e) =>
      e.name.endsWith('.parquet'),
    );
    const list = await Promise.all(
      entries.map(async (e): Promise<[string, string]> => {
        const file = join(e.parentPath, e.name);
        return [
          file.slice(where.length),
          createHash('sha256')
            .update(await readFile(file))
            .digest('hex'),
        ];
      }),
    );
    return list.sort(([a], [b]) => (a < b ? -1 : 1));
  }

  it('has each message once after it was killed twice while writing, and a replay writes the same bytes', async () => {
    for (let round = 0; round < 2; round++) {
      const child = start();
      const publishing = publishTasks(round * 150, 150);
      // Killed at a moment when something is written and more is on its way.
      const had = (await sequences('decisions')).length;
      await until('rows of this round', async () => (await sequences('decisions')).length > had, 30_000);
      await end(child);
      await publishing;
    }
    start();
    await caughtUp('LOG');
    await caughtUp('TELEMETRY');
    const rows = [...(await sequences('decisions')), ...(await sequences('outcomes'))];
    expect(rows).toHaveLength(await messages('LOG'));
    expect(new Set(rows).size).toBe(rows.length);
    expect((await sequences('features')).sort()).toEqual((await sequences('decisions')).sort());
    expect(await sequences('worker-metrics')).toHaveLength(await messages('TELEMETRY'));
    for (const child of children.splice(0)) await end(child);

    const replay = await mkdtemp(join(tmpdir(), 'cortex-replay-'));
    try {
      for (const stream of ['LOG', 'TELEMETRY'] as const)
        await bus.jsm.consumers.delete(bus.subjects.stream(stream), 'recorder');
      await provision(bus);
      await hurry();
      start(replay);
      await caughtUp('LOG');
      await caughtUp('TELEMETRY');
      expect(await digests(replay)).toEqual(await digests(folder));
    } finally {
      await rm(replay, { recursive: true, force: true });
    }
  }, 120_000);

  it('keeps a telemetry message that is no telemetry, an alert and a forecast as rows', async () => {
    const actor = await runActor(recorderActor({ ...QUICK, folder }), await suite.connect(), { log: silentLogger });
    const at = new Date().toISOString();
    await bus.js.publish(bus.subjects.telemetry('odd'), 'not json');
    await bus.js.publish(
      bus.subjects.forecast('arrivals.security'),
      encodeMessage({ what: 'arrivals.security', at, horizon_seconds: 60, p50: 3, p90: 9 }),
    );
    await bus.js.publish(
      bus.subjects.alert('warning'),
      encodeMessage({ id: 'a', severity: 'warning', kind: 'stuck', summary: 'w is stuck', at }),
    );
    await until(
      'three rows',
      async () => (await sequences('worker-metrics')).length + (await sequences('system-metrics')).length === 3,
    );
    await actor.drain();
    const rows: unknown[] = [];
    for await (const row of readTable(folder, 'system-metrics'))
      rows.push([row.kind, row.name, row.value, row.severity]);
    expect(rows.sort()).toEqual([
      ['alert', 'stuck', null, 'warning'],
      ['forecast', 'arrivals.security', 3, null],
    ]);
    for await (const row of readTable(folder, 'worker-metrics'))
      expect(row.problem).toMatch(/telemetry: is not valid JSON/);
  });

  it('a second recorder on the same folder stands by and takes over when the first is gone', async () => {
    const first = await runActor(recorderActor({ ...QUICK, folder }), await suite.connect(), { log: silentLogger });
    const second = await runActor(recorderActor({ ...QUICK, folder }), await suite.connect(), { log: silentLogger });
    expect(second.state()).toBe('degraded');
    expect(second.detail()).toMatch(/is written by the recorder .*: this one stands by/);
    await first.drain();
    await until('the second to take over', () => second.state() === 'ready');
    await publishTasks(5_000, 2);
    await caughtUp('LOG');
    const tasks: string[] = [];
    for await (const { record } of readKept(folder)) tasks.push(record.task.id);
    expect(tasks).toEqual(['t-5000', 't-5000', 't-5001', 't-5001']);
    await second.drain();
  });

  it('a folder that cannot be written costs no message: it says so, and writes them all once it can', async () => {
    await writeFile(join(folder, 'routing'), 'in the way');
    const actor = await runActor(recorderActor({ ...QUICK, folder }), await suite.connect(), { log: silentLogger });
    await publishTasks(7_000, 3);
    await until('the recorder to say so', () =>
      /keeping LOG: training data cannot be written/.test(actor.detail() ?? ''),
    );
    await rm(join(folder, 'routing'));
    await caughtUp('LOG');
    await until('the recorder to be well', () => actor.state() === 'ready');
    const rows = [...(await sequences('decisions')), ...(await sequences('outcomes'))];
    expect(new Set(rows).size).toBe(6);
    expect(rows).toHaveLength(6);
    await actor.drain();
  });

  it('samples stream depths and who is there', async () => {
    const actor = await runActor(recorderActor({ ...QUICK, folder, sample_ms: 60_000 }), await suite.connect(), {
      log: silentLogger,
    });
    await actor.drain();
    const names = new Set<string>();
    for await (const row of readTable(folder, 'system-metrics')) names.add(String(row.name));
    for (const name of ['stream.LOG.messages', 'consumer.LOG.recorder.behind', 'actor.recorder.ready'])
      expect(names).toContain(name);
    expect(await keptFiles(folder, 'system-metrics')).not.toHaveLength(0);
  });

  const encoder = process.env.CORTEX_ENCODER;
  it.skipIf(!encoder || encoder === 'none')(
    'task vectors stand in the order of the stream, each once, also when it was killed between',
    async () => {
      const embedding = { ...QUICK, folder, encoder, embed_every_ms: 50, embed_per_second: 100 };
      const index = join(folder, 'embeddings', 'task-embeddings.index.jsonl');
      const lines = async () => (await readFile(index, 'utf8').catch(() => '')).split('\n').slice(0, -1);
      await publishTasks(9_000, 40);
      const first = start(folder, embedding);
      await until('the first vectors', async () => (await lines()).length > 0, 60_000);
      await end(first);
      await publishTasks(9_040, 20);
      start(folder, embedding);
      const stream = (await bus.jsm.streams.info(bus.subjects.stream('LOG'))).state;
      const kept: number[] = [];
      await until(
        'every decision kept and encoded',
        async () => {
          kept.length = 0;
          for await (const { record, sequence } of readKept(folder)) if (record.step === 'decided') kept.push(sequence);
          return kept.length > 0 && kept.at(-1) === stream.last_seq - 1 && (await lines()).length === kept.length;
        },
        40_000,
      );
      const rows = (await lines()).map((line) => JSON.parse(line));
      expect(rows.map((row) => row.sequence)).toEqual(kept);
      expect(rows.map((row) => row.row)).toEqual(kept.map((_, i) => i));
      // The head of the file is written after its rows and their index.
      const npy = await until('the file to say that it has them all', async () => {
        const read = await readNpy(join(folder, 'embeddings', 'task-embeddings.npy'));
        return read.rows === kept.length ? read : undefined;
      });
      const norm = Math.hypot(...npy.data.subarray(0, npy.width));
      expect(norm).toBeCloseTo(1, 3);
    },
    180_000,
  );
});

import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogRecord } from '@cortex/schemas';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readNpy } from '../npy/index.js';
import {
  BLOCK,
  KeptFileUnreadable,
  KeptStore,
  keptFiles,
  openEmbeddings,
  partOf,
  readKept,
  readTable,
  rowsOf,
  type StoredMessage,
  sampleRow,
  sourceOf,
} from './index.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cortex-kept-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const SOURCE = sourceOf('LOG', '2026-11-22T23:34:09.123456789Z');
const NIGHT = Date.parse('2026-11-22T23:59:00Z');

function record(sequence: number, step: 'decided' | 'settled' = sequence % 2 ? 'decided' : 'settled'): LogRecord {
  const id = `t-${Math.ceil(sequence / 2)}`;
  const decision = {
    task: id,
    master: 'security',
    confidence: 0.9,
    probabilities: { security: 0.9, development: 0.1 },
    experts: [{ name: 'rule', probabilities: {}, latency_ms: 1, abstained: true }],
    method: 'ensemble' as const,
    propensity: 0.98,
    candidates: ['security'],
    models: { router: 'router@7' },
    arm: 'champion' as const,
    explanation: ['ü ✓'],
    latency_ms: 3,
    decided_at: '2026-11-22T23:59:00.000Z',
  };
  return {
    record: `r${sequence}`,
    step,
    revision: 1,
    at: '2026-11-22T23:59:00.000Z',
    by: 'c-1',
    task: {
      id,
      priority: 'high',
      ...(step === 'decided' ? { text: `scan №${sequence}\nplease` } : {}),
      custom: { a: [1] },
    },
    decision,
    ...(step === 'settled'
      ? {
          outcome: { task: id, status: 'completed' as const, success: true, minutes: 3 },
          settled_as: 'settled' as const,
        }
      : {}),
  };
}

const message = (sequence: number, storedAt = NIGHT + sequence * 100): StoredMessage => ({
  kind: 'log',
  source: SOURCE,
  sequence,
  storedAt,
  data: new TextEncoder().encode(JSON.stringify(record(sequence))),
});
async function all<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const row of rows) list.push(row);
  return list;
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

async function digest(): Promise<Record<string, string>> {
  const names = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((e) => e.isFile());
  const entries = await Promise.all(
    names.map(async (e) => {
      const file = join(e.parentPath, e.name);
      return [
        file.slice(folder.length),
        createHash('sha256')
          .update(await readFile(file))
          .digest('hex'),
      ] as const;
    }),
  );
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

it('gives back every record as it was, in the order of the stream, over blocks and midnight', async () => {
  const store = new KeptStore(folder);
  // Backwards and in pieces: arrival says nothing about order.
  await store.put(
    range(900, 1500)
      .reverse()
      .flatMap((n) => rowsOf(message(n))),
  );
  await store.put(range(1, 899).flatMap((n) => rowsOf(message(n))));
  const read = await all(readKept(folder));
  expect(read.map((r) => r.sequence)).toEqual(range(1, 1500));
  expect(read.map((r) => r.record)).toEqual(range(1, 1500).map((n) => record(n)));
  expect(read[0]?.storedAt).toBe(NIGHT + 100);
  const days = new Set((await keptFiles(folder, 'decisions')).map((f) => /date=[\d-]+/.exec(f)?.[0]));
  expect([...days]).toEqual(['date=2026-11-22', 'date=2026-11-23']);
});

it('the same messages give the same bytes, in whatever pieces and however often they come', async () => {
  await new KeptStore(folder).put(range(1, 1200).flatMap((n) => rowsOf(message(n))));
  const once = await digest();
  const again = new KeptStore(folder);
  expect(await again.put(range(1, 1200).flatMap((n) => rowsOf(message(n))))).toEqual({ added: 0, files: 0 });
  expect(await digest()).toEqual(once);
  await rm(folder, { recursive: true });
  for (const n of range(0, 11).reverse())
    await new KeptStore(folder).put(range(n * 100 + 1, n * 100 + 100).flatMap((s) => rowsOf(message(s))));
  expect(await digest()).toEqual(once);
});

it('a file is named by stream, block and day alone, and a stream that is made anew has files of its own', () => {
  const [placed] = rowsOf(message(BLOCK + 1));
  if (!placed) throw new Error('a decided record gives a row');
  expect(partOf(placed)).toBe(
    'routing/decisions/date=2026-11-23/part-log.20261122T233409123Z-000000001001-000000002000.parquet',
  );
  expect(sourceOf('LOG', '2026-11-22T23:34:10Z')).toBe('log.20261122T233410Z');
});

it('a message that cannot be read becomes a row that says why, and is no record', async () => {
  const bad = { ...message(2), data: new TextEncoder().encode('{"step":') };
  const heartbeat: StoredMessage = {
    ...message(3),
    kind: 'telemetry',
    source: 'telemetry.x',
    data: new TextEncoder().encode(
      '{"worker":"w","master":"security-master","at":"2026-11-22T23:00:00+01:00","status":"idle","gauges":{"cpu":0.5,"x":1}}',
    ),
  };
  await new KeptStore(folder).put([
    ...rowsOf(message(1)),
    ...rowsOf(bad),
    ...rowsOf(heartbeat),
    sampleRow('s', NIGHT, 'stream.LOG.messages', 3),
  ]);
  const [row] = await all(readTable(folder, 'outcomes'));
  expect(row).toMatchObject({ sequence: 2, record: '"{\\"step\\":"' });
  expect(row?.problem).toMatch(/not valid JSON/);
  expect((await all(readKept(folder))).map((r) => r.sequence)).toEqual([1]);
  const [metric] = await all(readTable(folder, 'worker-metrics'));
  expect(metric).toMatchObject({ worker: 'w', master: 'security', cpu: 0.5, gauges: '{"cpu":0.5,"x":1}' });
  expect(metric?.happened_at).toBe(Date.parse('2026-11-22T22:00:00Z'));
  const [sample] = await all(readTable(folder, 'system-metrics'));
  expect(sample).toMatchObject({ sequence: null, kind: 'sample', name: 'stream.LOG.messages', value: 3 });
});

it('a damaged file is set aside by the writer, told, and refused by the reader', async () => {
  await new KeptStore(folder).put(rowsOf(message(1)));
  const [file = ''] = await keptFiles(folder, 'decisions');
  await writeFile(file, 'no parquet');
  await expect(all(readKept(folder))).rejects.toBeInstanceOf(KeptFileUnreadable);
  const told: string[] = [];
  await new KeptStore(folder, { onDamaged: (f) => told.push(f) }).put(rowsOf(message(3)));
  expect(told).toHaveLength(1);
  expect(await readFile(told[0] ?? '', 'utf8')).toBe('no parquet');
  expect((await all(readKept(folder))).map((r) => r.sequence)).toEqual([3]);
});

it('a crash in the middle of an append of vectors leaves no half row and no row twice', async () => {
  const options = { folder, name: 'task', encoder: 'e1', dimensions: 3 } as const;
  const file = await openEmbeddings(options);
  await file.append([{ id: 'a', vector: Float32Array.of(1, 2, 3), more: { sequence: 1 } }]);
  const npy = join(folder, 'embeddings', 'task-embeddings.npy');
  const index = join(folder, 'embeddings', 'task-embeddings.index.jsonl');
  // What a kill between the vectors and the header leaves: both files longer than the header says.
  await writeFile(npy, Buffer.concat([await readFile(npy), Buffer.alloc(7, 1)]));
  await writeFile(index, `${await readFile(index, 'utf8')}{"row":1,"id":"b"}\n{"ro`);
  const again = await openEmbeddings(options);
  expect([again.rows(), again.last()]).toEqual([1, { row: 0, id: 'a', sequence: 1 }]);
  await again.append([{ id: 'b', vector: Float32Array.of(4, 5, 6) }]);
  expect(await readNpy(npy)).toEqual({ rows: 2, width: 3, data: Float32Array.of(1, 2, 3, 4, 5, 6) });
  expect(await readFile(index, 'utf8')).toBe('{"row":0,"id":"a","sequence":1}\n{"row":1,"id":"b"}\n');
  // A file of which not even the header came to be.
  await truncate(npy, 0);
  expect((await openEmbeddings(options)).rows()).toBe(0);
});

it('vectors of another encoder begin a new file and the former one is kept', async () => {
  const vector = Float32Array.of(1, 2);
  await (await openEmbeddings({ folder, name: 'task', encoder: 'e1', dimensions: 2 })).append([{ id: 'a', vector }]);
  const next = await openEmbeddings({ folder, name: 'task', encoder: 'e2', dimensions: 2 });
  expect(next.rows()).toBe(0);
  expect((await readdir(join(folder, 'embeddings', 'former'))).sort()).toEqual([
    'task-embeddings-e1.index.jsonl',
    'task-embeddings-e1.json',
    'task-embeddings-e1.npy',
  ]);
});

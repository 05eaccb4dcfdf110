import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../metrics/index.js';
import { ModelRefusedError } from '../../onnx/index.js';
import { columnsOf, openWindows, type Row } from '../telemetry/index.js';
import {
  type LoadedKind,
  loadAnomalies,
  saveAnomalies,
  TelemetryDataError,
  type TelemetryRow,
  trainAnomalies,
} from './index.js';

/** Two beats a window of 10 s; load and memory go together, `done` is a counter, `tokens` are only there half of the time. */
function telemetry(worker: string, master: string, seed: number, windows: number, broken = false): TelemetryRow[] {
  const random = seededRandom(seed);
  let done = 0;
  return Array.from({ length: 2 * windows }, (_, i) => {
    const load = 0.5 + 0.4 * Math.sin(i / 15) + 0.05 * random();
    done += Math.round(4 * load);
    const gauges: Record<string, number> = {
      cpu: load,
      memory_mb: 200 + 100 * (broken ? 1 - load : load) + 5 * random(),
      done,
    };
    if (random() < 0.5) gauges.tokens = 1000 * load;
    return { worker, master, at: 1_000_000 + 5_000 * i, gauges };
  });
}

function rowsOf(beats: readonly TelemetryRow[]): Row[] {
  const windows = openWindows(10_000);
  const rows: Row[] = [];
  for (const beat of beats) {
    rows.push(...windows.close(beat.at));
    windows.take(beat, beat.at);
  }
  return rows;
}

let folder: string;
let loaded: Map<string, LoadedKind>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cortex-anomaly-'));
  const all = [
    ...telemetry('w-1', 'security', 1, 150),
    ...telemetry('w-2', 'security', 2, 150),
    ...telemetry('w-3', 'cicd', 3, 140),
    ...telemetry('w-4', 'inventory', 4, 10),
  ];
  // As it is read from files: in no order.
  const kinds = await trainAnomalies(all.reverse(), { steps: 160 });
  expect(kinds.map(({ kind }) => kind)).toEqual(['cicd', 'security']);
  expect(kinds[1]).toMatchObject({ workers: 2, counters: ['done'] });
  expect(kinds[1]!.explained).toBeGreaterThan(0.3);
  await saveAnomalies(folder, kinds, 'abc');
  loaded = await loadAnomalies(folder);
}, 120_000);
afterAll(() => rm(folder, { recursive: true }));

describe('the family anomaly', () => {
  it('tells a worker of a kind that behaves unlike the others of its kind, by gauges that are each in their usual range', async () => {
    const { session, counters } = loaded.get('security')!;
    const errors = async (beats: TelemetryRow[]) => {
      const columns = columnsOf({ names: session.facts.gauges, counters }, rowsOf(beats));
      const of = (await session.errors(columns))[session.facts.gauges.indexOf('memory_mb')]!;
      return of.slice(20).reduce((a, b) => a + b, 0) / (of.length - 20);
    };
    const calm = await errors(telemetry('w-9', 'security', 9, 100));
    expect(await errors(telemetry('w-9', 'security', 9, 100, true))).toBeGreaterThan(2 * calm);
  });

  it('refuses a folder whose model was changed, and telemetry that is too little', async () => {
    const file = join(folder, 'kind-0', 'model.onnx');
    const bytes = await readFile(file);
    bytes[bytes.length >> 1]! ^= 1;
    await writeFile(file, bytes);
    await expect(loadAnomalies(folder)).rejects.toBeInstanceOf(ModelRefusedError);
    await expect(trainAnomalies(telemetry('w', 'm', 1, 30))).rejects.toBeInstanceOf(TelemetryDataError);
  });
});

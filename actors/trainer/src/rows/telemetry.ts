// What workers said of themselves, from the recorder's files: the rows of the family `anomaly`.
import { readTable, type TelemetryRow } from '@cortex/models';
import { TrainingDataError } from '../family/train-family.js';

/** Older telemetry says how things were, not how they are. */
const DAYS = 7;
/** Messages, the newest: ten workers for two days. */
const MOST = 400_000;

/** Oldest first. @param at when the training was asked for, milliseconds since 1970. @throws TrainingDataError without files. */
export async function keptTelemetry(folder: string | undefined, at: number): Promise<TelemetryRow[]> {
  if (folder === undefined)
    throw new TrainingDataError(
      'anomalies are learned from the telemetry that the recorder kept: give the trainer its folder (training_data)',
    );
  let rows: TelemetryRow[] = [];
  for await (const { worker, master, happened_at, gauges } of readTable(folder, 'worker-metrics')) {
    const when = Number(happened_at);
    if (typeof worker !== 'string' || typeof master !== 'string' || typeof gauges !== 'string') continue;
    if (!(when > at - DAYS * 86_400_000 && when <= at)) continue;
    rows.push({ worker, master, at: when, gauges: JSON.parse(gauges) as Record<string, number> });
    if (rows.length >= 2 * MOST) rows = newest(rows);
  }
  if (rows.length === 0)
    throw new TrainingDataError(`no worker's telemetry of the last ${DAYS} days is kept in ${folder}`);
  return newest(rows);
}

function newest(rows: TelemetryRow[]): TelemetryRow[] {
  return rows.sort((a, b) => a.at - b.at).slice(-MOST);
}

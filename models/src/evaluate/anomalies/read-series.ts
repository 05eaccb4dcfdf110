// A series for `evaluate anomalies`: the gauges of the training and the test part, and the labels of the test part.
import type { GaugeTable } from '../../anomaly/index.js';
import { EvaluateInputError } from '../outcomes/index.js';
import { columnsOf, parseNumber, parseTime, readCsv } from './csv.js';

export interface Steps extends GaugeTable {
  at: number[];
  /** As written in the file. */
  atText: string[];
  ignored: string[];
  /** Of each row of the file its step, where the rows were not in order of time: they are sorted, equal times as they came. */
  stepOfRow?: Int32Array;
  /** Rows whose time lies before that of a row above them. */
  outOfOrder: number;
}

/** @param wanted the gauges of the training part: the test part must have them, further ones are left out. */
export async function readSteps(file: string, wanted?: readonly string[]): Promise<Steps> {
  let places: Map<string, number> | undefined;
  let gauges: string[] = [];
  let ignored: string[] = [];
  const at: number[] = [];
  const atText: string[] = [];
  let columns: number[][] = [];
  let where: number[] = [];
  for await (const { line, cells } of readCsv(file)) {
    if (!places) {
      places = columnsOf(cells, file);
      const found = cells.filter((name) => name !== 'at');
      const lacking = wanted?.find((name) => !places?.has(name));
      if (lacking !== undefined)
        throw new EvaluateInputError(file, 'there is no such column; the training part has it', 1, lacking);
      gauges = [...(wanted ?? found)];
      ignored = found.filter((name) => !gauges.includes(name));
      if (!gauges.length) throw new EvaluateInputError(file, 'there is no gauge beside `at`', 1);
      columns = gauges.map(() => []);
      where = gauges.map((name) => places!.get(name)!);
      continue;
    }
    const text = cells[places.get('at')!]!;
    at.push(parseTime(text, file, line));
    atText.push(text);
    for (let g = 0; g < gauges.length; g++) columns[g]!.push(parseNumber(cells[where[g]!]!, file, line, gauges[g]!));
  }
  if (!at.length) throw new EvaluateInputError(file, 'holds no steps', 2);
  const read = { gauges, columns: columns.map((c) => Float64Array.from(c)), at, atText, ignored, outOfOrder: 0 };
  return inOrderOfTime(read);
}

/** A detector sees steps as they came about, whatever the order of the rows. */
function inOrderOfTime(read: Steps): Steps {
  const { at } = read;
  let latest = Number.NEGATIVE_INFINITY;
  let outOfOrder = 0;
  for (const time of at) {
    if (time < latest) outOfOrder++;
    else latest = time;
  }
  if (outOfOrder === 0) return read;
  const rows = Int32Array.from(at, (_, row) => row).sort((a, b) => at[a]! - at[b]! || a - b);
  const stepOfRow = new Int32Array(rows.length);
  rows.forEach((row, step) => {
    stepOfRow[row] = step;
  });
  return {
    ...read,
    columns: read.columns.map((column) => Float64Array.from(rows, (row) => column[row]!)),
    at: Array.from(rows, (row) => at[row]!),
    atText: Array.from(rows, (row) => read.atText[row]!),
    stepOfRow,
    outOfOrder,
  };
}

/** 0 or 1 a test step. Steps that the file leaves out are 0; a label of a step that is not there is an error. */
export async function readLabels(file: string, steps: Steps): Promise<Uint8Array> {
  const out = new Uint8Array(steps.at.length);
  let places: Map<string, number> | undefined;
  let byTime: Map<number, number[]> | undefined;
  let row = -1;
  for await (const { line, cells } of readCsv(file)) {
    if (!places) {
      places = columnsOf(cells, file);
      if (!places.has('label')) throw new EvaluateInputError(file, 'there is no such column', 1, 'label');
      continue;
    }
    row++;
    const time = parseTime(cells[places.get('at')!]!, file, line);
    const text = cells[places.get('label')!]!.toLowerCase();
    const label = ['1', 'true', '1.0'].includes(text) ? 1 : ['0', 'false', '0.0'].includes(text) ? 0 : undefined;
    if (label === undefined)
      throw new EvaluateInputError(file, `"${text.slice(0, 40)}" is neither 0 nor 1`, line, 'label');
    // Clocks put back give the same time twice: as long as both files go in step, the row decides.
    const step = steps.stepOfRow?.[row] ?? row;
    if (steps.at[step] === time && !byTime) {
      out[step] = label;
      continue;
    }
    byTime ??= placesByTime(steps.at);
    const found = byTime.get(time);
    if (!found) throw new EvaluateInputError(file, 'the test part has no step at this time', line, 'at');
    for (const t of found) out[t] = label;
  }
  return out;
}

function placesByTime(at: readonly number[]): Map<number, number[]> {
  const places = new Map<number, number[]>();
  at.forEach((time, t) => {
    const before = places.get(time);
    if (before) before.push(t);
    else places.set(time, [t]);
  });
  return places;
}

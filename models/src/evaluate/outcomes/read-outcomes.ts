// Rows of past tasks with their outcomes, as the contract states them.
import { type OutcomeRow, QUANTITIES } from '../../prediction/index.js';
import { EvaluateInputError, type ReadRows, RowError, readJsonLines, textField, timeField } from './json-lines.js';

const OWN = new Set<string>(['text', 'master', 'success', 'at', ...QUANTITIES]);
export const TARGETS = ['success', ...QUANTITIES] as const;

/** @throws EvaluateInputError when the file cannot be read, too many rows are bad, or no row has a target. */
export async function readOutcomes(file: string): Promise<ReadRows<OutcomeRow>> {
  const read = await readJsonLines(file, outcomeRow);
  if (!read.rows.some((row) => TARGETS.some((target) => row[target] !== undefined))) {
    throw new EvaluateInputError(
      file,
      `no row has any of ${TARGETS.join(', ')}: nothing to learn or to score`,
      1,
      'success',
    );
  }
  return read;
}

export function outcomeRow(value: Record<string, unknown>): OutcomeRow {
  const row: OutcomeRow = { text: textField(value, 'text'), master: textField(value, 'master') };
  if (!row.master) throw new RowError('master', 'is empty');
  const at = timeField(value, 'at');
  if (at !== undefined) row.at = at;
  const { success } = value;
  if (typeof success === 'boolean') row.success = success ? 1 : 0;
  else if (typeof success === 'number' && success >= 0 && success <= 1) row.success = success;
  else if (success !== undefined && success !== null)
    throw new RowError('success', 'is neither true, false nor 0 to 1');
  for (const quantity of QUANTITIES) {
    const number = value[quantity];
    if (number === undefined || number === null) continue;
    if (typeof number !== 'number' || !(number >= 0)) throw new RowError(quantity, 'is not a number of at least 0');
    row[quantity] = number;
  }
  const features = Object.entries(value).filter(([name]) => !OWN.has(name));
  if (features.length) row.features = Object.fromEntries(features);
  return row;
}

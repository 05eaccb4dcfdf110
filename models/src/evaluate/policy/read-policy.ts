// Rows with every master's result and cost, as the contract states them.
import type { PolicyRow } from '../../policy/index.js';
import { EvaluateInputError, type ReadRows, RowError, readJsonLines, textField, timeField } from '../outcomes/index.js';

const OWN = new Set(['text', 'scores', 'costs', 'at']);

/**
 * @param masters whom every row has to have; default: whoever is in the first good row.
 * @throws EvaluateInputError when the file cannot be read, too many rows are bad, or there are fewer than two masters.
 */
export async function readPolicy(
  file: string,
  masters?: readonly string[],
): Promise<ReadRows<PolicyRow> & { masters: string[] }> {
  let wanted = masters;
  const read = await readJsonLines(file, (value) => {
    const row = policyRow(value);
    wanted ??= Object.keys(row.scores).sort();
    for (const master of wanted) {
      if (!Object.hasOwn(row.scores, master))
        throw new RowError(`scores.${master}`, 'is missing: every result has to be known');
      if (!Object.hasOwn(row.costs, master)) throw new RowError(`costs.${master}`, 'is missing');
    }
    return row;
  });
  if (!wanted || wanted.length < 2)
    throw new EvaluateInputError(file, 'names one master: a choice needs two', read.lines[0], 'scores');
  return { ...read, masters: [...wanted] };
}

function policyRow(value: Record<string, unknown>): PolicyRow {
  const text = textField(value, 'text');
  const scores = numbersField(value, 'scores', (n) => n >= 0 && n <= 1, '0 to 1');
  const costs = numbersField(value, 'costs', (n) => n >= 0, 'a number of at least 0');
  const at = timeField(value, 'at');
  const features = Object.entries(value).filter(([name]) => !OWN.has(name));
  return {
    text,
    scores,
    costs,
    ...(at !== undefined && { at }),
    ...(features.length && { features: Object.fromEntries(features) }),
  };
}

function numbersField(value: Record<string, unknown>, field: string, fits: (n: number) => boolean, what: string) {
  const found = value[field];
  if (typeof found !== 'object' || found === null || Array.isArray(found))
    throw new RowError(field, 'is not an object of master → number');
  const entries = Object.entries(found).map(([master, entry]): [string, number] => {
    const number = typeof entry === 'boolean' ? Number(entry) : entry;
    if (typeof number !== 'number' || !fits(number)) throw new RowError(`${field}.${master}`, `is not ${what}`);
    return [master, number];
  });
  return Object.fromEntries(entries);
}

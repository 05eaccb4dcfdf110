// Rows of a file for `cortex train --from`: JSON lines, perhaps gzipped, checked before anything is trained.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { type OutcomeRow, readHistories, type TrainingRow } from '@cortex/models';
import { canonicalMaster, checkMessage, InvalidMessage } from '@cortex/schemas';
import { z } from 'zod';

const routingRow = z.looseObject({
  text: z.string().min(1),
  label: z.string().min(1).nullable(),
  weight: z.number().positive().optional(),
  history: z.unknown().optional(),
});
const outcomeRow = z.looseObject({
  text: z.string().min(1),
  master: z.string().min(1),
  at: z.union([z.number(), z.iso.datetime({ offset: true })]).optional(),
  success: z.union([z.boolean(), z.number().min(0).max(1)]).optional(),
  minutes: z.number().nonnegative().optional(),
  tokens: z.number().nonnegative().optional(),
  complexity: z.number().optional(),
});

const pairRow = z.looseObject({ query: z.string().min(1), document: z.string().min(1) });

/** Texts that belong together. Throws InvalidMessage naming file, line and field. */
export function readPairRows(file: string): { query: string; document: string }[] {
  return lines(file).map(({ where, value }) => {
    const { query, document } = checkMessage(where, pairRow, value);
    return { query, document };
  });
}

/** Throws InvalidMessage naming file, line and field. */
export function readRoutingRows(file: string): TrainingRow[] {
  return lines(file).map(({ where, value }) => {
    const { text, label, weight, history } = checkMessage(where, routingRow, value);
    const known = history === undefined || history === null ? undefined : readHistories(history);
    if (typeof known === 'string') throw new InvalidMessage(where, 'history', known);
    return {
      text,
      label: label === null ? null : canonicalMaster(label),
      ...(weight === undefined ? {} : { weight }),
      ...(known ? { history: known } : {}),
    };
  });
}

/** Throws InvalidMessage naming file, line and field. Further fields are features. */
export function readOutcomeRows(file: string): OutcomeRow[] {
  return lines(file).map(({ where, value }) => {
    const { text, master, at, success, minutes, tokens, complexity, ...features } = checkMessage(
      where,
      outcomeRow,
      value,
    );
    return {
      text,
      master: canonicalMaster(master),
      features,
      ...(at === undefined ? {} : { at: typeof at === 'number' ? at : Date.parse(at) }),
      ...(success === undefined ? {} : { success: Number(success) }),
      ...(minutes === undefined ? {} : { minutes }),
      ...(tokens === undefined ? {} : { tokens }),
      ...(complexity === undefined ? {} : { complexity }),
    };
  });
}

function lines(file: string): { where: string; value: unknown }[] {
  const bytes = readFileSync(file);
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  return text.split('\n').flatMap((line, i) => {
    if (line.trim() === '') return [];
    const where = `${file} line ${i + 1}`;
    try {
      return [{ where, value: JSON.parse(line) as unknown }];
    } catch (error) {
      throw new InvalidMessage(where, '', `is not valid JSON (${(error as Error).message})`);
    }
  });
}

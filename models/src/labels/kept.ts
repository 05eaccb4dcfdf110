// Training rows of everything that is kept, and of what the log holds beyond it.
import type { LogRecord } from '@cortex/schemas';
import { readKept } from '../kept/index.js';
import { LabelCollector, type LabelledRows, type LabelOptions } from './labels.js';

/**
 * Reads the kept records one block at a time; a task costs memory for its decision and its last record only. Throws KeptFileUnreadable.
 * @param fresh records that may not be kept yet, such as those of the log; one that is both changes nothing
 */
export async function labelsOfKept(
  folder: string,
  fresh: Iterable<LogRecord> | AsyncIterable<LogRecord> = [],
  options: LabelOptions = {},
): Promise<LabelledRows> {
  const collector = new LabelCollector();
  for await (const { record } of readKept(folder)) collector.add(record);
  for await (const record of fresh) collector.add(record);
  return collector.rows(options);
}

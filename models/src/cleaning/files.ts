// Puts a data report and what was taken out into the training-data folder, where the next training finds the report to compare with.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from '../kept/index.js';
import { type DataReport, reportMarkdown } from './report.js';
import type { Quarantined, RawRow } from './rows.js';

/** The report of the last training of this family; undefined when there was none, or its file is broken. */
export async function readLastReport(folder: string, family: string): Promise<DataReport | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, 'reports', `${family}-last.json`), 'utf8')) as DataReport;
  } catch {
    return undefined;
  }
}

/**
 * Writes `reports/FAMILY-AT.json` and `.md`, `reports/FAMILY-last.json`, and `quarantine/FAMILY-AT.jsonl` with one row a line and its reason.
 * Returns the report's path.
 */
export async function writeReport<R extends RawRow>(
  folder: string,
  report: DataReport,
  quarantined: readonly Quarantined<R>[],
): Promise<string> {
  const name = `${report.family}-${report.at.replaceAll(/[^0-9A-Za-z]/g, '')}`;
  const json = `${JSON.stringify(report, null, 2)}\n`;
  const file = join(folder, 'reports', `${name}.json`);
  if (quarantined.length > 0)
    await writeWhole(
      join(folder, 'quarantine', `${name}.jsonl`),
      quarantined.map((one) => `${JSON.stringify(one)}\n`).join(''),
    );
  await writeWhole(file, json);
  await writeWhole(join(folder, 'reports', `${name}.md`), reportMarkdown(report));
  await writeWhole(join(folder, 'reports', `${report.family}-last.json`), json);
  return file;
}

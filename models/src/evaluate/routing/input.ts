// Reads what an evaluation is given: rows of {"text", "label"} a line, plain or .gz, and a list of masters.
// The one thing to know: a bad row is passed over, counted and shown by its line; too many of them are a refusal.
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { MasterProfile } from '../../router/index.js';
import { type Histories, readHistories } from '../../track-record/index.js';
import {
  EvaluationFileEmpty,
  EvaluationFileUnreadable,
  MastersInvalid,
  SingleLabel,
  TooManyBadRows,
  TooManyLabels,
} from './errors.js';

export interface LabelledRow {
  text: string;
  label: string | null;
  /** Line in the file, from 1. */
  line: number;
  weight?: number;
  /** What was known of each master just before the task. */
  history?: Histories;
}

export interface BadRow {
  line: number;
  field: string | null;
  problem: string;
}

export interface LabelledFile {
  file: string;
  rows: LabelledRow[];
  bad: BadRow[];
}

const MOST_BAD = 0.05;
const LONGEST_TEXT = 32_768;
const MOST_LABELS = 1000;

/** @throws EvaluationFileUnreadable */
export async function readText(file: string): Promise<string> {
  try {
    const bytes = await readFile(file);
    return (file.endsWith('.gz') ? await promisify(gunzip)(bytes) : bytes).toString('utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new EvaluationFileUnreadable(file, `it cannot be read (${reason})`, { cause: error });
  }
}

/** @throws EvaluationFileUnreadable, EvaluationFileEmpty, TooManyBadRows, TooManyLabels */
export async function readLabelled(file: string): Promise<LabelledFile> {
  const lines = (await readText(file)).replace(/^\uFEFF/, '').split(/\r?\n/);
  const rows: LabelledRow[] = [];
  const bad: BadRow[] = [];
  const labels = new Set<string>();
  lines.forEach((content, i) => {
    if (!content.trim()) return;
    const row = parseRow(content, i + 1);
    if ('problem' in row) bad.push(row);
    else {
      rows.push(row);
      if (row.label !== null && labels.size <= MOST_LABELS) {
        labels.add(row.label);
        if (labels.size > MOST_LABELS) throw new TooManyLabels(file, row.line, labels.size);
      }
    }
  });
  const total = rows.length + bad.length;
  if (!total) throw new EvaluationFileEmpty(file);
  if (bad.length > MOST_BAD * total) throw new TooManyBadRows(file, bad.length, total, bad[0]!);
  return { file, rows, bad };
}

function parseRow(content: string, line: number): LabelledRow | BadRow {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    return { line, field: null, problem: 'it is not JSON' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { line, field: null, problem: 'it is not a JSON object' };
  }
  const { text, label, weight, history } = value as Record<string, unknown>;
  if (typeof text !== 'string') return { line, field: 'text', problem: 'it must be a string' };
  if (!text.trim()) return { line, field: 'text', problem: 'it is empty' };
  if (text.length > LONGEST_TEXT) return { line, field: 'text', problem: `longer than ${LONGEST_TEXT} characters` };
  if (label === undefined) return { line, field: 'label', problem: 'it is missing (null says that no master fits)' };
  if (label !== null && (typeof label !== 'string' || !label)) {
    return { line, field: 'label', problem: 'it must be a string, not empty, or null' };
  }
  if (weight !== undefined && (typeof weight !== 'number' || !(weight > 0) || !Number.isFinite(weight))) {
    return { line, field: 'weight', problem: 'it must be a number above 0' };
  }
  const known = history === undefined || history === null ? undefined : readHistories(history);
  if (typeof known === 'string') return { line, field: 'history', problem: known };
  return {
    text,
    label: label as string | null,
    line,
    ...(weight === undefined ? {} : { weight: weight as number }),
    ...(known ? { history: known } : {}),
  };
}

/** @throws SingleLabel unless there are at least two labels among the rows and masters, counting "no master fits". */
export function requireChoice({ file, rows }: LabelledFile, masters: readonly MasterProfile[]): void {
  const labels = new Set([...rows.map(({ label }) => label), ...masters.map(({ name }) => name)]);
  const named = [...labels].filter((label) => label !== null);
  if (named.length < 2) throw new SingleLabel(file, rows[0]?.label ?? null, rows[0]?.line ?? null);
}

/**
 * A JSON list of masters, or an object with the list under "masters".
 * @throws EvaluationFileUnreadable, MastersInvalid
 */
export async function readMasters(file: string): Promise<MasterProfile[]> {
  let value: unknown;
  const text = await readText(file);
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new MastersInvalid(file, null, `it is not JSON (${error instanceof Error ? error.message : String(error)})`);
  }
  if (typeof value === 'object' && value !== null && 'masters' in value) value = value.masters;
  if (!Array.isArray(value) || !value.length) throw new MastersInvalid(file, null, 'a list of masters is expected');
  const names = new Set<string>();
  return value.map((entry: unknown, i) => {
    const master = readMaster(file, entry, `[${i}]`);
    if (names.has(master.name)) throw new MastersInvalid(file, `[${i}].name`, `"${master.name}" is there twice`);
    names.add(master.name);
    return master;
  });
}

function readMaster(file: string, entry: unknown, at: string): MasterProfile {
  if (typeof entry !== 'object' || entry === null) throw new MastersInvalid(file, at, 'an object is expected');
  const fields = entry as Record<string, unknown>;
  if (typeof fields.name !== 'string' || !fields.name)
    throw new MastersInvalid(file, `${at}.name`, 'a name is expected');
  if (fields.description !== undefined && fields.description !== null && typeof fields.description !== 'string') {
    throw new MastersInvalid(file, `${at}.description`, 'a string is expected');
  }
  const list = (field: string): readonly string[] | undefined => {
    const value = fields[field];
    if (value === undefined || value === null) return undefined;
    if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value;
    throw new MastersInvalid(file, `${at}.${field}`, 'a list of strings is expected');
  };
  return {
    name: fields.name,
    description: (fields.description as string | null | undefined) ?? undefined,
    examples: list('examples'),
    keywords: list('keywords'),
    patterns: list('patterns'),
    aliases: list('aliases'),
  };
}

// A retrieval set in BEIR's form: corpus and queries as JSON lines, judgements as tab-separated lines.
// The one thing to know: judgements are read apart and never handed to whatever ranks.
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { type BadRow, EvaluateInputError, type ReadRows, RowError, readJsonLines } from '../outcomes/index.js';

export interface CorpusRow {
  id: string;
  title: string;
  text: string;
}

export interface QueryRow {
  id: string;
  text: string;
}

export interface Judgements {
  /** Query → document → grade above 0. */
  relevant: Map<string, Map<string, number>>;
  bad: { count: number; shown: BadRow[] };
  /** Lines that name a query or a document that is not in its file. */
  unknown: { queries: number; documents: number; shown: BadRow[] };
}

const MOST_BAD = 0.05;
const SHOWN = 20;

/** @throws EvaluateInputError when the file cannot be read or more than 5 % of its rows are bad */
export function readCorpus(file: string): Promise<ReadRows<CorpusRow>> {
  const idOf = uniqueIds();
  return readJsonLines(file, (value) => {
    const title = optionalText(value, 'title') ?? '';
    const text = optionalText(value, 'text') ?? (title ? '' : missing('text'));
    return { id: idOf(value), title, text };
  });
}

/** @throws EvaluateInputError as `readCorpus` */
export function readQueries(file: string): Promise<ReadRows<QueryRow>> {
  const idOf = uniqueIds();
  return readJsonLines(file, (value) => {
    const text = optionalText(value, 'text') ?? missing('text');
    return { id: idOf(value), text };
  });
}

/**
 * Lines `query-id<TAB>corpus-id<TAB>score`, the header first (it may be left out); the four columns of TREC are read too.
 * @throws EvaluateInputError when the file cannot be read, more than 5 % of its lines are bad, or no line names a query asked
 */
export async function readJudgements(
  file: string,
  queries: ReadonlySet<string>,
  documents: ReadonlySet<string>,
): Promise<Judgements> {
  const out: Judgements = {
    relevant: new Map(),
    bad: { count: 0, shown: [] },
    unknown: { queries: 0, documents: 0, shown: [] },
  };
  let good = 0;
  for (const [at, line] of (await textOf(file)).split(/\r?\n/).entries()) {
    if (!line.trim()) continue;
    const columns = line.split('\t').map((column) => column.trim());
    if (at === 0 && columns.length >= 3 && !isNumber(columns.at(-1))) continue;
    const problem = problemOf(columns);
    if (problem) {
      out.bad.count++;
      show(out.bad.shown, { line: at + 1, ...problem });
      continue;
    }
    good++;
    const [query, document, score] = [columns[0]!, columns.at(-2)!, Number(columns.at(-1))];
    if (!queries.has(query)) {
      out.unknown.queries++;
      show(out.unknown.shown, { line: at + 1, field: 'query-id', reason: `no query "${query}"` });
    } else if (!documents.has(document)) {
      out.unknown.documents++;
      show(out.unknown.shown, { line: at + 1, field: 'corpus-id', reason: `no document "${document}"` });
    }
    // A document that is not there still counts as one that should be found, as every other scorer has it.
    if (score <= 0 || query === document || !queries.has(query)) continue;
    const grades = out.relevant.get(query) ?? new Map<string, number>();
    out.relevant.set(query, grades.set(document, score));
  }
  const first = out.bad.shown[0];
  if (first && out.bad.count > (good + out.bad.count) * MOST_BAD) {
    const share = `${out.bad.count} of ${good + out.bad.count} lines are bad, more than 5 %. The first: ${first.reason}`;
    throw new EvaluateInputError(file, share, first.line, first.field);
  }
  if (!good) throw new EvaluateInputError(file, 'holds no judgements. Give lines query-id<TAB>corpus-id<TAB>score.');
  if (!out.relevant.size) {
    const why = 'no line names a query of the queries file with a score above 0: nothing to score';
    throw new EvaluateInputError(file, why, out.unknown.shown[0]?.line, 'query-id');
  }
  return out;
}

function problemOf(columns: readonly string[]): { field: string; reason: string } | undefined {
  if (columns.length !== 3 && columns.length !== 4)
    return { field: '(row)', reason: `has ${columns.length} columns separated by tabs, not 3` };
  if (!columns[0]) return { field: 'query-id', reason: 'is missing' };
  if (!columns.at(-2)) return { field: 'corpus-id', reason: 'is missing' };
  if (!isNumber(columns.at(-1))) return { field: 'score', reason: `"${columns.at(-1)?.slice(0, 40)}" is not a number` };
  return undefined;
}

const isNumber = (text: string | undefined): boolean => Boolean(text) && Number.isFinite(Number(text));

function show(shown: BadRow[], row: BadRow): void {
  if (shown.length < SHOWN) shown.push(row);
}

async function textOf(file: string): Promise<string> {
  try {
    const bytes = await readFile(file);
    return (file.endsWith('.gz') ? await promisify(gunzip)(bytes) : bytes).toString('utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    throw new EvaluateInputError(file, `cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The row's `_id`; a number is read as a text. */
function uniqueIds(): (value: Record<string, unknown>) => string {
  const seen = new Set<string>();
  return ({ _id }) => {
    const id = typeof _id === 'number' ? String(_id) : _id;
    if (typeof id !== 'string' || !id)
      throw new RowError('_id', `is ${_id === undefined || _id === '' ? 'missing' : 'not a text'}`);
    if (seen.has(id)) throw new RowError('_id', `"${id.slice(0, 80)}" stands in an earlier row too`);
    seen.add(id);
    return id;
  };
}

function optionalText(value: Record<string, unknown>, field: string): string | undefined {
  const found = value[field];
  if (found === undefined || found === null) return undefined;
  if (typeof found !== 'string') throw new RowError(field, 'is not a text');
  return found;
}

function missing(field: string): never {
  throw new RowError(field, 'is missing');
}

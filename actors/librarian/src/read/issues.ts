// Issue exports → issues: JSON lines, CSV, GitHub's API form (a list, or pages of lists), each also as `.gz`. Read as a stream where the form allows.
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import { createGunzip, gunzipSync } from 'node:zlib';
import { parse } from 'csv-parse';

export interface Issue {
  /** `#12` for a number, else the export's own id. */
  id: string;
  title: string;
  body: string;
  labels: string[];
  state: string;
  comments: string[];
  url: string;
  repository: string;
  /** Milliseconds since the epoch; 0 when unknown. */
  changedAt: number;
  line: number;
}

/** A row that is no issue. */
export class IssueRowError extends Error {
  override readonly name = 'IssueRowError';
  constructor(
    readonly file: string,
    readonly line: number,
    problem: string,
  ) {
    super(`${file}:${line}: ${problem}`);
  }
}

/** Throws {@link IssueRowError} naming file and line. */
export async function* readIssues(file: string): AsyncGenerator<Issue> {
  const name = basename(file).replace(/\.gz$/, '').toLowerCase();
  let line = 0;
  if (name.endsWith('.csv') || name.endsWith('.tsv')) {
    const parser = streamOf(file).pipe(
      parse({
        columns: (header: string[]) => header.map((h) => h.trim().toLowerCase()),
        delimiter: name.endsWith('.tsv') ? '\t' : ',',
        bom: true,
        relax_column_count: true,
        skip_empty_lines: true,
        info: true,
      }),
    );
    try {
      for await (const { record, info } of parser as AsyncIterable<{
        record: Record<string, unknown>;
        info: { lines: number };
      }>) {
        line = info.lines;
        yield issueOf(record, file, line);
      }
    } catch (error) {
      if (error instanceof IssueRowError) throw error;
      throw new IssueRowError(file, (error as { lines?: number }).lines ?? line, (error as Error).message);
    }
    return;
  }
  if (name.endsWith('.json')) {
    const bytes = await readFile(file);
    let whole: unknown;
    try {
      whole = JSON.parse((file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8'));
    } catch {
      whole = undefined;
    }
    if (whole !== undefined) {
      const list = Array.isArray(whole) ? whole.flat() : listIn(whole);
      for (const row of list) yield issueOf(row, file, ++line);
      return;
    }
    // Several documents, one a line, under the name of one.
  }
  for await (const text of createInterface({ input: streamOf(file), crlfDelay: Number.POSITIVE_INFINITY })) {
    line++;
    if (text.trim() === '') continue;
    let row: unknown;
    try {
      row = JSON.parse(text);
    } catch {
      throw new IssueRowError(file, line, 'this is no JSON: one issue a line is wanted');
    }
    yield issueOf(row, file, line);
  }
}

const streamOf = (file: string) => {
  const raw = createReadStream(file);
  if (!file.endsWith('.gz')) return raw;
  const unpacked = createGunzip();
  raw.once('error', (error) => unpacked.destroy(error));
  return raw.pipe(unpacked);
};

function listIn(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  for (const key of ['issues', 'items', 'data', 'results']) {
    const found = (value as Record<string, unknown>)[key];
    if (Array.isArray(found)) return found;
  }
  return [value];
}

function issueOf(row: unknown, file: string, line: number): Issue {
  if (typeof row !== 'object' || row === null || Array.isArray(row))
    throw new IssueRowError(file, line, 'an issue is an object with an id, a title and a text');
  const fields = new Map(Object.entries(row).map(([key, value]) => [key.toLowerCase().replaceAll(' ', '_'), value]));
  const text = (...names: string[]): string => {
    for (const name of names) {
      const value = fields.get(name);
      if (typeof value === 'string' && value.trim() !== '') return value;
      if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    }
    return '';
  };
  const title = text('title', 'summary', 'subject', 'name');
  const body = text('body', 'text', 'description', 'content', 'issue_body');
  if (title === '' && body === '')
    throw new IssueRowError(
      file,
      line,
      'it has neither a title nor a body (title, summary, subject; body, text, description)',
    );
  const number = text('number', 'issue_number', 'iid');
  const id = number
    ? `#${number}`
    : text('_id', 'id', 'key', 'issue_key', 'issue_id', 'bug_id') || `${basename(file)}:${line}`;
  const url = text('html_url', 'url', 'link');
  const moment = Date.parse(text('updated_at', 'updated', 'changed_at', 'closed_at', 'created_at', 'created', 'date'));
  return {
    id,
    title,
    body,
    labels: namesOf(fields.get('labels') ?? fields.get('tags') ?? fields.get('components')),
    state: text('state', 'status', 'resolution'),
    comments: namesOf(fields.get('comments_list') ?? fields.get('comments'), 'body').slice(0, 50),
    url,
    repository:
      text('repository', 'repo', 'project') ||
      (/github\.com\/(?:repos\/)?([^/]+\/[^/]+)\//.exec(`${url} ${text('repository_url')}/`)?.[1] ?? ''),
    changedAt: Number.isFinite(moment) ? moment : 0,
    line,
  };
}

/** Lists of strings or of objects with a name; people's names are not among them. */
function namesOf(value: unknown, key = 'name'): string[] {
  if (typeof value === 'string')
    return key === 'body'
      ? /\D/.test(value)
        ? [value]
        : []
      : value
          .split(/[,;|]/)
          .map((v) => v.trim())
          .filter(Boolean);
  if (!Array.isArray(value)) return [];
  return value
    .map((one: unknown) =>
      typeof one === 'string'
        ? one
        : typeof one === 'object' && one !== null
          ? String((one as Record<string, unknown>)[key] ?? (one as Record<string, unknown>).text ?? '')
          : '',
    )
    .filter((one) => one.trim() !== '');
}

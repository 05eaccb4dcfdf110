// Issue exports → issues: JSON lines, CSV, GitHub's API form (a list, or pages of lists), each also as `.gz`. Read as a stream where the form allows.
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { pipeline, type Readable } from 'node:stream';
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

/** Characters of one row, at most: a packed file may hold a line that fills the memory. */
const MOST_ROW = 4 * 1024 * 1024;
/** Bytes of a file that must be read whole (one JSON document), unpacked, at most. */
const MOST_WHOLE = 256 * 1024 * 1024;
/** Characters of an issue that are indexed; what follows is a log. */
const MOST_BODY = 100_000;

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
  const place = { line: 0 };
  try {
    if (name.endsWith('.csv') || name.endsWith('.tsv'))
      yield* fromTable(file, name.endsWith('.tsv') ? '\t' : ',', place);
    else {
      const whole = name.endsWith('.json') ? await wholeDocument(file) : undefined;
      if (whole === undefined) yield* fromLines(file, place);
      else for (const row of whole) yield issueOf(row, file, ++place.line);
    }
  } catch (error) {
    if (error instanceof IssueRowError) throw error;
    const { lines, message } = error as Error & { lines?: number };
    throw new IssueRowError(file, lines ?? place.line + 1, `it cannot be read: ${message}`);
  }
}

async function* fromTable(file: string, delimiter: string, place: { line: number }): AsyncGenerator<Issue> {
  const parser = pipeline(
    streamOf(file),
    parse({
      columns: (header: string[]) => header.map((h) => h.trim().toLowerCase()),
      delimiter,
      bom: true,
      relax_column_count: true,
      skip_empty_lines: true,
      max_record_size: MOST_ROW,
      info: true,
    }),
    () => undefined,
  );
  type Row = { record: Record<string, unknown>; info: { lines: number } };
  for await (const { record, info } of parser as AsyncIterable<Row>) {
    place.line = info.lines;
    yield issueOf(record, file, place.line);
  }
}

async function* fromLines(file: string, place: { line: number }): AsyncGenerator<Issue> {
  for await (const text of linesOf(streamOf(file))) {
    place.line++;
    if (text.trim() === '') continue;
    let row: unknown;
    try {
      row = JSON.parse(place.line === 1 ? text.replace(/^\uFEFF/, '') : text);
    } catch {
      throw new IssueRowError(file, place.line, 'this is no JSON: one issue a line is wanted');
    }
    yield issueOf(row, file, place.line);
  }
}

/** Undefined where it is several documents, one a line, under the name of one. */
async function wholeDocument(file: string): Promise<unknown[] | undefined> {
  if ((await stat(file)).size > MOST_WHOLE) return undefined;
  const bytes = await readFile(file);
  let whole: unknown;
  try {
    const plain = file.endsWith('.gz') ? gunzipSync(bytes, { maxOutputLength: MOST_WHOLE }) : bytes;
    whole = JSON.parse(plain.toString('utf8').replace(/^\uFEFF/, ''));
  } catch {
    // Too large to be read whole, or no single document: line by line says what is wrong, and where.
    return undefined;
  }
  return Array.isArray(whole) ? whole.flat() : listIn(whole);
}

async function* linesOf(source: Readable): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let begun: string[] = [];
  let length = 0;
  for await (const bytes of source) {
    const [first = '', ...lines] = decoder.decode(bytes as Uint8Array, { stream: true }).split('\n');
    begun.push(first);
    length += first.length;
    if (length > MOST_ROW) throw new Error(`a line of more than ${MOST_ROW / 1024 / 1024} MiB`);
    const last = lines.pop();
    if (last === undefined) continue;
    yield begun.join('');
    yield* lines;
    begun = [last];
    length = last.length;
  }
  yield begun.join('');
}

const streamOf = (file: string): Readable => {
  const raw = createReadStream(file);
  // An error of either side reaches whoever reads.
  return file.endsWith('.gz') ? pipeline(raw, createGunzip(), () => undefined) : raw;
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
    body: body.slice(0, MOST_BODY),
    labels: namesOf(fields.get('labels') ?? fields.get('tags') ?? fields.get('components')),
    state: text('state', 'status', 'resolution'),
    comments: namesOf(fields.get('comments_list') ?? fields.get('comments'), 'body')
      .slice(0, 50)
      .map((comment) => comment.slice(0, MOST_BODY / 10)),
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

// Row filters as the stores' own conditions: LanceDB's SQL and Milvus's expressions. Every value is a quoted literal; names never come from outside.
import type { RowFilter } from './types.js';

interface Dialect {
  text(value: string): string;
  list(values: readonly string[]): string;
  and: string;
  not(condition: string): string;
  equal: string;
  bool(value: boolean): string;
  never: string;
}

const SQL: Dialect = {
  text: (value) => `'${value.replaceAll("'", "''")}'`,
  list: (values) => `(${values.map(SQL_TEXT).join(', ')})`,
  and: ' AND ',
  not: (condition) => `NOT (${condition})`,
  equal: '=',
  bool: (value) => (value ? 'true' : 'false'),
  never: "id = ''",
};
function SQL_TEXT(value: string): string {
  return SQL.text(value);
}

const MILVUS: Dialect = {
  text: (value) => `"${escapeMilvus(value)}"`,
  list: (values) => `[${values.map((value) => `"${escapeMilvus(value)}"`).join(', ')}]`,
  and: ' and ',
  not: (condition) => `not (${condition})`,
  equal: '==',
  bool: (value) => (value ? 'true' : 'false'),
  never: 'id == ""',
};
function escapeMilvus(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
}

/** Undefined: every row. */
export const sqlOf = (filter: RowFilter | undefined): string | undefined => compile(filter, SQL);
export const milvusOf = (filter: RowFilter | undefined): string | undefined => compile(filter, MILVUS);

function compile(filter: RowFilter | undefined, d: Dialect): string | undefined {
  if (!filter) return undefined;
  const parts: string[] = [];
  const among = (column: string, values: readonly string[] | undefined) => {
    if (values) parts.push(values.length ? `${column} in ${d.list(values)}` : d.never);
  };
  among('id', filter.ids);
  among('path', filter.paths);
  among('trust', filter.trust);
  among('meaning', filter.meanings);
  if (filter.repository !== undefined) parts.push(`repository ${d.equal} ${d.text(filter.repository)}`);
  if (filter.language !== undefined) parts.push(`language ${d.equal} ${d.text(filter.language)}`);
  if (filter.kind !== undefined) parts.push(`kind ${d.equal} ${d.text(filter.kind)}`);
  if (filter.since !== undefined) parts.push(`changed_at >= ${Math.floor(filter.since)}`);
  if (filter.until !== undefined) parts.push(`changed_at <= ${Math.ceil(filter.until)}`);
  if (filter.embedded !== undefined) parts.push(`embedded ${d.equal} ${d.bool(filter.embedded)}`);
  if (filter.notIds?.length) parts.push(d.not(`id in ${d.list(filter.notIds)}`));
  // Stores know only LIKE, whose `%` crosses folders: what it lets through too much is sieved by `pathMatches`.
  if (filter.path !== undefined) parts.push(`path like ${d.text(likeOf(filter.path))}`);
  return parts.length ? parts.join(d.and) : undefined;
}

const WILD = /[*?[]/;

/** The fixed beginning of a glob: exact enough for a store, the rest is for {@link pathMatches}. */
function likeOf(glob: string): string {
  const fixed = glob.slice(0, WILD.exec(glob)?.index ?? glob.length).replace(/^\.\//, '');
  return `${fixed.replace(/[%_\\].*$/s, '')}%`;
}

/** `src`, `src/` and `src/**` are all below src; `*` stays within a folder, `**` does not; a glob without `/` fits any folder's files. */
export function pathMatches(path: string, glob: string): boolean {
  const pattern = glob.replace(/^\.\//, '');
  if (!WILD.test(pattern)) return path === pattern || path.startsWith(pattern.endsWith('/') ? pattern : `${pattern}/`);
  const source = pattern.replace(/\*\*\/|\*\*|\*|\?|[.+^${}()|[\]\\]/g, (token) => {
    if (token === '**/') return '(?:.*/)?';
    if (token === '**') return '.*';
    if (token === '*') return '[^/]*';
    return token === '?' ? '[^/]' : `\\${token}`;
  });
  return new RegExp(`^${pattern.includes('/') ? '' : '(?:.*/)?'}${source}$`, 's').test(path);
}

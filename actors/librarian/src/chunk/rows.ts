// Passages → rows of the store, each with where it stands: the encoder reads the place before the text, and so does the words' index.
import { createHash } from 'node:crypto';
import { searchTerms } from '@cortex/models';
import type { Trust } from '@cortex/schemas';
import { countTokens } from 'gpt-tokenizer';
import type { ChunkRow } from '../store/types.js';
import type { CutFile, Passage } from './types.js';

/** Characters the encoder is shown; it would not read on much further, and time grows with them. */
const SHOWN = 512;

export interface Place {
  repository: string;
  /** Path below the repository. */
  path: string;
  commit: string;
  changedAt: number;
  trust: Trust;
  fileHash: string;
  /** Title of the document or issue, for passages without a heading. */
  title?: string;
}

/** What a row points to, as it is stored. */
export interface Links {
  imports?: string[];
  defines?: string[];
  /** Paths, symbols and issues the text names. */
  mentions?: string[];
  /** Paths that a commit changed. */
  touched?: string[];
}

/** Marks of models in a text are text. */
export const tokensOf = (text: string): number => countTokens(text, { disallowedSpecial: new Set() });

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Rows without vectors. */
export function rowsOf(cut: CutFile, place: Place, dimensions: number): ChunkRow[] {
  return cut.passages.map((passage, i) => {
    const hash = sha256(passage.text);
    const links: Links = {
      ...(i === 0 && cut.imports.length ? { imports: cut.imports.slice(0, 200) } : {}),
      ...(i === 0 && cut.defines.length ? { defines: cut.defines.slice(0, 200) } : {}),
      ...mentionsOf(passage.text, cut.language),
    };
    return {
      id: sha256([place.repository, place.path, i, place.fileHash, hash].join('\0')).slice(0, 32),
      repository: place.repository,
      path: place.path,
      language: cut.language,
      kind: passage.kind,
      symbol: passage.symbol,
      title: [place.title ?? place.path, passage.symbol].filter(Boolean).join(' › '),
      text: passage.text,
      terms: termsOf(place, passage),
      start_line: passage.start,
      end_line: passage.end,
      commit: place.commit,
      changed_at: Math.round(place.changedAt),
      trust: place.trust,
      hash,
      meaning: sha256(`${passage.symbol}\0${passage.text}`).slice(0, 32),
      file_hash: place.fileHash,
      passages: cut.passages.length,
      tokens: tokensOf(passage.text),
      links: JSON.stringify(links),
      embedded: false,
      vector: new Float32Array(dimensions),
    };
  });
}

/** What the encoder reads: the place, what it is, and the beginning of it. */
export function shownText(row: ChunkRow): string {
  return `${row.title.replaceAll('/', ' / ')}\n${row.text}`.slice(0, SHOWN);
}

/** Path and symbol count double: they are a passage's title. */
function termsOf(place: Place, passage: Passage): string {
  const title = titleTerms(place.title ?? '', place.path, passage.symbol);
  return [...title, ...title, ...searchTerms(passage.text)].map((term) => term.replace(/\s/g, '')).join(' ');
}

const titleTerms = (title: string, path: string, symbol: string): string[] =>
  searchTerms(`${title} ${path} ${symbol}`.replaceAll('/', ' '));

/** A row's terms without those of its title: what it says, wherever it stands. */
export function textTerms({ title, path, symbol, terms }: ChunkRow): string[] {
  const own = symbol && title.endsWith(` › ${symbol}`) ? title.slice(0, -` › ${symbol}`.length) : title;
  return terms.split(' ').slice(2 * titleTerms(own === path ? '' : own, path, symbol).length);
}

const PATHS =
  /(?<![\w/.-])(?:\.{0,2}\/)?(?:[\w@.-]+\/)+[\w.-]+\.\w{1,6}\b|(?<![\w/.-])[\w-]+\.(?:ts|tsx|js|mjs|py|go|rs|java|rb|md|json|ya?ml|sql|sh|css|cs|cpp|h|php)\b/g;
const ISSUES = /(?<![\w&])(?:#|GH-)(\d{1,7})\b/g;
const QUOTED = /`([A-Za-z_$][\w$.]{2,60})(?:\(\))?`/g;
const MOST_MENTIONS = 40;

/** Files, issues and (in prose) names in backticks. */
function mentionsOf(text: string, language: string): Pick<Links, 'mentions'> {
  const found = new Set<string>();
  for (const [path] of text.matchAll(PATHS)) found.add(path.replace(/^(?:\.{0,2}\/)+/, ''));
  for (const [, number] of text.matchAll(ISSUES)) found.add(`#${number}`);
  if (['markdown', 'issue', 'pattern', 'change', 'rst', 'text', 'asciidoc'].includes(language))
    for (const [, name] of text.matchAll(QUOTED)) found.add(`\`${name}`);
  return found.size ? { mentions: [...found].slice(0, MOST_MENTIONS) } : {};
}

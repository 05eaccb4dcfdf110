// A piece of what may be known about a task: from the librarian, from a file, from a sub-task. Numbered, cited, never obeyed.
import { createHash } from 'node:crypto';
import { suspicionOf, wrapData } from '@cortex/models';
import type { ContextPiece } from '@cortex/schemas';
import { tokensOf } from './tokens.js';

export interface Piece {
  /** The number by which an answer cites it. */
  readonly id: number;
  /** codebase, documentation, issues, patterns, file, search, subtask. */
  readonly kind: string;
  readonly source: string;
  readonly lines?: readonly [number, number];
  readonly commit?: string;
  readonly sha256: string;
  readonly trust: string;
  readonly why: string;
  readonly text: string;
  readonly tokens: number;
  /** The lesson in memory that this pattern is. */
  readonly lesson?: { readonly master: string; readonly id: string };
  /** Signs that it talks to a model; shown, and such pieces are read last. */
  readonly signs: readonly string[];
}

export type NewPiece = Omit<Piece, 'id' | 'sha256' | 'tokens' | 'signs'> & { readonly sha256?: string };

export function fromContext(piece: ContextPiece): NewPiece {
  return {
    kind: piece.collection,
    source: piece.repository ? `${piece.repository}:${piece.source}` : piece.source,
    ...(piece.lines ? { lines: piece.lines } : {}),
    ...(piece.commit ? { commit: piece.commit } : {}),
    sha256: piece.hash,
    trust: piece.trust,
    why: piece.why,
    text: piece.text,
    ...lessonIn(piece),
  };
}

/** `lesson:MASTER/ID`, as the librarian names the patterns it made of lessons; other collections may not claim to be one. */
function lessonIn({ collection, source }: ContextPiece): Pick<Piece, 'lesson'> {
  const [, master = '', id = ''] = (collection === 'patterns' && /^lesson:([^/]+)\/([^/]+)$/.exec(source)) || [];
  return id === '' ? {} : { lesson: { master, id } };
}

/** Numbers pieces, ordinary ones first, and leaves out what is there twice or does not fit into the budget. */
export function packPieces(pieces: readonly NewPiece[], budgetTokens: number): { kept: Piece[]; left: number } {
  const seen = new Set<string>();
  const rated = pieces
    .map((piece) => ({
      ...piece,
      sha256: piece.sha256 ?? hashOf(piece.text),
      tokens: tokensOf(piece.text) + 40,
      signs: suspicionOf(piece.text),
    }))
    .filter((piece) => !seen.has(piece.sha256) && seen.add(piece.sha256));
  const ordered = [...rated.filter((p) => p.signs.length === 0), ...rated.filter((p) => p.signs.length > 0)];
  const kept: Piece[] = [];
  let sum = 0;
  for (const piece of ordered) {
    if (sum + piece.tokens > budgetTokens) continue;
    sum += piece.tokens;
    kept.push({ ...piece, id: kept.length + 1 });
  }
  return { kept, left: rated.length - kept.length };
}

/** All pieces as data of one prompt. */
export function wrapPieces(marker: string, pieces: readonly Piece[]): string {
  return pieces
    .map((piece) =>
      wrapData(marker, { kind: piece.kind, id: piece.id, source: placeOf(piece), trust: piece.trust }, piece.text),
    )
    .join('\n');
}

/** `src/a.ts:10-20` */
export function placeOf(piece: Pick<Piece, 'source' | 'lines'>): string {
  return piece.lines ? `${piece.source}:${piece.lines[0]}-${piece.lines[1]}` : piece.source;
}

/** Over the hashes of the pieces in order. */
export function contextHash(pieces: readonly Piece[]): string {
  return hashOf(pieces.map((piece) => piece.sha256).join('\n'));
}

export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

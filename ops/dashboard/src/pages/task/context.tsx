// What a task was given to read: each piece with its place, its worth, and whether the answer cites it. LLM workers say so in their outcome.
import { Badge } from '../../ui/parts.js';
import type { TaskLife } from '../../wire.js';

type Outcome = NonNullable<TaskLife['records'][number]['outcome']>;
type Evidence = NonNullable<Outcome['evidence']>[number];

interface Piece {
  readonly id: number;
  /** `repository:path:first-last`. */
  readonly source: string;
  readonly sha256: string;
  readonly trust: string;
}

export interface GivenContext {
  readonly pieces: readonly Piece[];
  /** Why there is nothing from the librarian. */
  readonly missing: string | undefined;
}

/** Undefined where the worker says nothing about it. Only what has the expected form is taken: an outcome's further fields are free. */
export function contextOf(outcome: Outcome): GivenContext | undefined {
  const { context } = outcome;
  if (typeof context !== 'object' || context === null) return undefined;
  const { pieces, missing } = context as { pieces?: unknown; missing?: unknown };
  const known = (Array.isArray(pieces) ? pieces : []).filter(
    (one): one is Piece => typeof one?.id === 'number' && typeof one.source === 'string',
  );
  const why = typeof missing === 'string' ? missing : undefined;
  return known.length > 0 || why !== undefined ? { pieces: known, missing: why } : undefined;
}

/** Whether this evidence is a citation of the piece. */
export function showsIt(piece: Piece, evidence: Evidence): boolean {
  return evidence.kind === 'citation' && evidence.ref === piece.source && evidence.sha256 === piece.sha256;
}

export function Context({ context, evidence }: { context: GivenContext; evidence: readonly Evidence[] }) {
  return (
    <>
      <h3>Context it was given</h3>
      {context.missing !== undefined && <p class="soft">Nothing from the librarian: {context.missing}.</p>}
      <ol class="pieces">
        {context.pieces.map((piece) => {
          const [source, lines] = placeOf(piece.source);
          return (
            <li key={piece.id} value={piece.id}>
              <code>{source}</code>
              {lines !== undefined && <span class="nowrap"> {lines}</span>}{' '}
              {evidence.some((one) => showsIt(piece, one)) && <Badge word="cited" tone="good" />}
              {piece.trust === 'outside' && <Badge word="anyone could have written it" tone="warn" />}
            </li>
          );
        })}
      </ol>
    </>
  );
}

/** Where it stands, and its lines in words. */
function placeOf(source: string): readonly [string, string | undefined] {
  const [, place, first, last] = /^(.*):(\d+)-(\d+)$/.exec(source) ?? [];
  if (place === undefined) return [source, undefined];
  return [place, first === last ? `line ${first}` : `lines ${first}–${last}`];
}

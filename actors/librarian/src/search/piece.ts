// A found passage as it is given away: where it stands, what it is worth, why it was chosen.
import type { ContextPiece } from '@cortex/schemas';
import type { Found } from './search.js';

export function pieceOf(found: Found): ContextPiece {
  const { row, collection, score } = found;
  return {
    collection,
    source: row.path,
    repository: row.repository,
    lines: [row.start_line, row.end_line],
    ...(row.commit === '' ? {} : { commit: row.commit }),
    hash: row.hash,
    trust: row.trust,
    score: Math.round(score * 1000) / 1000,
    why: whyOf(found),
    title: row.title,
    kind: row.kind,
    ...(row.symbol === '' ? {} : { symbol: row.symbol }),
    text: row.text,
    tokens: row.tokens,
  };
}

function whyOf({ terms, meaning, reasons, row }: Found): string {
  const telling = terms.sort((a, b) => b.length - a.length).slice(0, 5);
  return [
    telling.length > 0 && `has ${telling.map((term) => `"${term}"`).join(', ')}`,
    meaning !== undefined && meaning > 0.2 && `means alike (${meaning.toFixed(2)})`,
    ...reasons,
    row.embedded ? false : 'by words alone',
  ]
    .filter(Boolean)
    .join('; ');
}

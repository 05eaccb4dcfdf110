// The same question over an unchanged index has the same answer. Least recently used goes first; whatever changes the index empties it.
import { createHash } from 'node:crypto';
import type { LibrarianAsk } from '@cortex/schemas';
import type { Library } from './library.js';

export interface AnswerCache {
  answer(library: Library, ask: LibrarianAsk, think: () => Promise<object>): Promise<object>;
}

export function answerCache(most: number): AnswerCache {
  const kept = new Map<string, object>();
  return {
    async answer(library, ask, think) {
      if (most === 0) return think();
      // Who asks for which task changes nothing: only what is asked counts.
      const { task, ...rest } = ask as { task?: { id?: string } };
      const { id: _, ...words } = task ?? {};
      const key = createHash('sha256')
        .update(await library.version())
        .update(JSON.stringify([rest, words]))
        .digest('base64');
      const known = kept.get(key);
      if (known) {
        kept.delete(key);
        kept.set(key, known);
        return { ...known, cached: true };
      }
      const fresh = await think();
      kept.set(key, fresh);
      if (kept.size > most) kept.delete(kept.keys().next().value as string);
      return fresh;
    },
  };
}

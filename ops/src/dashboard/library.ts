// What the librarian knows, asked over the bus like everybody asks it.
import { type Asker, AskFailed, AskTimeout, createAsker, NobodyServes, watchPresence } from '@cortex/bus';
import { COLLECTIONS, type ContextPiece, searchAnswerSchema, statusAnswerSchema } from '@cortex/schemas';
import { Refusal } from './act/refusal.js';
import type { LibraryAnswer, Passage, SearchResult } from './wire.js';
import type { World } from './world.js';

export interface Librarian {
  status(): Promise<LibraryAnswer>;
  /** Throws {@link Refusal} when nobody answers. */
  search(query: string, collection: string | undefined, most: number): Promise<SearchResult>;
  close(): void;
}

const PATIENCE_MS = 8_000;
const LONGEST = 4_000;

export function librarianOf({ bus }: Pick<World, 'bus'>): Librarian {
  const presence = watchPresence(bus);
  const asker: Asker = createAsker(bus, presence);
  return {
    async status() {
      try {
        const answer = await asker.ask('librarian', { kind: 'status' }, statusAnswerSchema, Date.now() + PATIENCE_MS);
        return {
          absent: null,
          store: answer.store,
          collections: Object.fromEntries(
            Object.entries(answer.collections).map(([name, { chunks }]) => [name, chunks]),
          ),
        };
      } catch (error) {
        return { absent: whyAbsent(error), store: null, collections: {} };
      }
    },
    async search(query, collection, most) {
      if (query.trim() === '') throw new Refusal(400, 'say what to look for');
      const known = COLLECTIONS.find((name) => name === collection);
      const began = performance.now();
      try {
        const answer = await asker.ask(
          'librarian',
          { kind: 'search', query: query.slice(0, LONGEST), most, ...(known ? { collections: [known] } : {}) },
          searchAnswerSchema,
          Date.now() + PATIENCE_MS,
        );
        return { hits: answer.hits.map(passage), explanation: answer.explanation, ms: performance.now() - began };
      } catch (error) {
        throw new Refusal(503, whyAbsent(error));
      }
    },
    close() {
      asker.close();
      presence.close();
    },
  };
}

function whyAbsent(error: unknown): string {
  if (error instanceof NobodyServes) return 'No librarian runs: "cortex actor librarian" starts one.';
  if (error instanceof AskTimeout) return 'The librarian did not answer in time.';
  if (error instanceof AskFailed) return `The librarian could not answer: ${error.message}`;
  throw error;
}

function passage(piece: ContextPiece): Passage {
  return {
    collection: piece.collection,
    source: piece.source,
    title: piece.title ?? piece.source,
    repository: piece.repository ?? null,
    lines: piece.lines ?? null,
    symbol: typeof piece.symbol === 'string' ? piece.symbol : null,
    trust: piece.trust,
    score: piece.score,
    why: piece.why,
    text: piece.text.slice(0, LONGEST),
  };
}

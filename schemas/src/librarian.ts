// Asks to the librarian: context for a task, a search, indexing. One subject, told apart by `kind`.
import { z } from 'zod';
import { momentSchema, taskIdSchema } from './task.js';

export const COLLECTIONS = ['codebase', 'documentation', 'issues', 'patterns'] as const;
export const collectionSchema = z
  .enum(COLLECTIONS)
  .describe('Code, documents, past issues, or lessons the system learned from outcomes.');
export type Collection = z.infer<typeof collectionSchema>;

/** What a source's word is worth: `own` was written by the system or its people, `known` is indexed by name, `outside` anyone could have written. */
export const TRUST_LEVELS = ['own', 'known', 'outside'] as const;
export const trustSchema = z
  .enum(TRUST_LEVELS)
  .describe(
    'own: written by the system or its people; known: indexed on purpose; outside: anyone could have written it.',
  );
export type Trust = z.infer<typeof trustSchema>;

export const linesSchema = z.tuple([z.number().int().positive(), z.number().int().positive()]);

export const contextPieceSchema = z
  .looseObject({
    collection: collectionSchema,
    source: z.string().describe('Path within its repository, id of an issue, or key of a pattern.'),
    repository: z.string().optional(),
    lines: linesSchema.optional().describe('First and last line, from 1.'),
    commit: z.string().optional().describe('Commit the text was read at.'),
    hash: z.string().describe('SHA-256 of the text.'),
    trust: trustSchema,
    score: z.number().describe('Comparable within one answer only.'),
    why: z.string().describe('Why it was chosen.'),
    title: z.string().optional(),
    text: z.string(),
    tokens: z.number().int().nonnegative(),
  })
  .describe('One cited passage.');
export type ContextPiece = z.infer<typeof contextPieceSchema>;

export const searchFiltersSchema = z.looseObject({
  repository: z.string().optional().describe('Only this repository.'),
  path: z.string().optional().describe('Only paths that match this glob, or lie below this folder.'),
  language: z.string().optional().describe('Only this programming or markup language.'),
  since: momentSchema.optional().describe('Only what changed at or after this moment.'),
  until: momentSchema.optional().describe('Only what changed at or before this moment.'),
  trust: trustSchema.optional().describe('At least this trust.'),
});
export type SearchFilters = z.infer<typeof searchFiltersSchema>;

export const contextAskSchema = z
  .looseObject({
    kind: z.literal('context'),
    task: z.looseObject({
      id: taskIdSchema.optional(),
      text: z.string().min(1),
      title: z.string().optional(),
      type: z.string().optional().describe('Kind of work, such as fix-bug or review; default: told from the text.'),
      repository: z.string().optional(),
    }),
    budget_tokens: z.number().int().positive().max(200_000).describe('Most tokens of all pieces together.'),
    collections: z.array(collectionSchema).optional().describe('Default: all.'),
    filters: searchFiltersSchema.optional(),
  })
  .describe('What should somebody know who does this task?');
export type ContextAsk = z.infer<typeof contextAskSchema>;

export const contextAnswerSchema = z
  .looseObject({
    pieces: z.array(contextPieceSchema).describe('In the order in which they should be read.'),
    tokens: z.number().int().nonnegative(),
    hash: z.string().describe('SHA-256 over the hashes of the pieces in order: the same context has the same.'),
    explanation: z.array(z.string()),
    cached: z.boolean().optional(),
    latency_ms: z.number().optional(),
  })
  .describe('Context for a task, packed.');
export type ContextAnswer = z.infer<typeof contextAnswerSchema>;

export const searchAskSchema = z
  .looseObject({
    kind: z.literal('search'),
    query: z.string().min(1),
    most: z.number().int().positive().max(200).optional().describe('Most hits; default 10.'),
    collections: z.array(collectionSchema).optional(),
    filters: searchFiltersSchema.optional(),
    graph: z.boolean().optional().describe('Follow the graph of files, symbols and issues too; default true.'),
  })
  .describe('Where does it say something about this?');
export type SearchAsk = z.infer<typeof searchAskSchema>;

export const searchAnswerSchema = z
  .looseObject({
    hits: z.array(contextPieceSchema),
    explanation: z.array(z.string()),
    latency_ms: z.number().optional(),
  })
  .describe('Passages, best first.');
export type SearchAnswer = z.infer<typeof searchAnswerSchema>;

export const mapAskSchema = z
  .looseObject({
    kind: z.literal('map'),
    query: z.string().optional().describe('What the map should be about; default: the whole.'),
    repository: z.string().optional(),
    budget_tokens: z.number().int().positive().max(200_000),
  })
  .describe('A map of a repository: its most important files with their symbols.');
export const mapAnswerSchema = z.looseObject({ map: z.string(), tokens: z.number().int().nonnegative() });

export const statusAskSchema = z.looseObject({ kind: z.literal('status') }).describe('What is indexed?');
export const statusAnswerSchema = z.looseObject({
  collections: z.record(z.string(), z.looseObject({ chunks: z.number().int().nonnegative() })),
  store: z.string().describe('The store in use and where it is.'),
});

export const librarianAskSchema = z
  .discriminatedUnion('kind', [contextAskSchema, searchAskSchema, mapAskSchema, statusAskSchema])
  .describe('Any question to the librarian.');
export type LibrarianAsk = z.infer<typeof librarianAskSchema>;

/** A lesson from an outcome: what the patterns collection keeps, one per key, the latest counts. */
export const patternSchema = z
  .looseObject({
    key: z.string().min(1).describe('What it is about; a later one of the same key supersedes it.'),
    task: taskIdSchema.optional(),
    master: z.string(),
    text: z.string(),
    lesson: z.string(),
    worked: z.boolean(),
    at: momentSchema,
  })
  .describe('A lesson learned from an outcome.');
export type Pattern = z.infer<typeof patternSchema>;

// `cortex search Q`: passages of code, documents, issues and patterns, best first, cited. Asks a running librarian, else looks into the index itself.
import { type Bus, BusUnreachable, createAsker, NobodyServes, watchPresence } from '@cortex/bus';
import {
  COLLECTIONS,
  type Collection,
  type ContextPiece,
  mapAnswerSchema,
  type SearchAnswer,
  type SearchFilters,
  searchAnswerSchema,
  TRUST_LEVELS,
  type Trust,
} from '@cortex/schemas';
import { type Command, Option } from 'commander';
import type { z } from 'zod';
import { WrongInput } from '../failures.js';
import { openLibrary, reached } from '../library.js';
import {
  type BusFlags,
  busAddress,
  collect,
  parseCount,
  parseMoment,
  withBusOptions,
  withExample,
  withJsonOption,
} from '../options.js';
import { colours, note, printJson, printText, shorten } from '../output/index.js';
import { withBus } from '../session.js';

export interface SearchFlags extends BusFlags {
  collection?: string[];
  repository?: string;
  path?: string;
  language?: string;
  since?: string;
  until?: string;
  trust?: Trust;
  encoder: boolean;
  graph: boolean;
  json?: boolean;
}

interface Flags extends SearchFlags {
  most: number;
  map?: boolean;
  budget: number;
  full?: boolean;
}

export function addSearch(program: Command): void {
  const command = program
    .command('search')
    .summary('find code, documents, issues and patterns')
    .description(
      'Passages that say something about the question, best first, each with file, lines and commit. By words and by meaning.',
    )
    .argument('[question...]', 'in words, names or code')
    .option('--most <n>', 'most hits', parseCount, 10)
    .option('--full', 'whole passages instead of their first lines')
    .option(
      '--map',
      'a map of the repository (about the question, if there is one): its most important files with their names',
    )
    .option('--budget <tokens>', 'most tokens of the map', parseCount, 2_000);
  withFilters(command);
  withExample(
    command,
    'search where is a lease renewed',
    'search "retry with back-off" --collection codebase --path src --language typescript',
    'search --map --budget 1000',
  );
  command.action(find);
}

/** Adds what `search` and `ask` share. */
export function withFilters(command: Command): Command {
  command
    .option('--collection <name>', 'only this one; again for more', collect)
    .option('--repository <name>', 'only this repository')
    .option('--path <glob>', 'only below this folder, or what fits the glob')
    .option('--language <name>', 'only this language, such as typescript or markdown')
    .option('--since <moment>', 'only what changed since, such as 2026-11-01T00:00:00Z', parsePast)
    .option('--until <moment>', 'only what changed before', parsePast)
    .addOption(new Option('--trust <level>', 'at least this trust').choices([...TRUST_LEVELS]))
    .option('--no-graph', 'without following imports, mentions and history')
    .option('--no-encoder', 'by words alone');
  withBusOptions(command);
  return withJsonOption(command);
}

/** A moment, a day, or a time ago such as `2h`. */
function parsePast(value: string): string {
  if (/^\d{4}-\d{2}-\d{2}$/.test(value)) return `${value}T00:00:00Z`;
  const ahead = parseMoment(value);
  return /^\d+(\.\d+)?(ms|s|m|h|d)$/.test(value) ? new Date(2 * Date.now() - Date.parse(ahead)).toISOString() : ahead;
}

export function collectionsOf(flags: SearchFlags): Collection[] | undefined {
  for (const name of flags.collection ?? [])
    if (!(COLLECTIONS as readonly string[]).includes(name))
      throw new WrongInput('--collection', `"${name}" is none; there are ${COLLECTIONS.join(', ')}`);
  return flags.collection as Collection[] | undefined;
}

export function filtersOf(flags: SearchFlags): SearchFilters {
  const { repository, path, language, since, until, trust } = flags;
  return JSON.parse(JSON.stringify({ repository, path, language, since, until, trust })) as SearchFilters;
}

/** Asks a librarian that runs here (`--nats`, NATS_URL or the `up` of this folder); undefined when none does. */
export async function askLibrarian<S extends z.ZodType>(
  flags: SearchFlags,
  question: object,
  answer: S,
): Promise<z.infer<S> | undefined> {
  if (!flags.encoder || busAddress(flags).from === 'default') return undefined;
  return withBus(flags, (bus) => askOn(bus, question, answer)).catch((error: unknown) => {
    // Who names a server wants that one; otherwise the index itself is as good.
    if (error instanceof BusUnreachable && flags.nats === undefined) return undefined;
    throw error;
  });
}

async function askOn<S extends z.ZodType>(bus: Bus, question: object, answer: S): Promise<z.infer<S> | undefined> {
  const presence = watchPresence(bus);
  const asker = createAsker(bus, presence);
  try {
    for (let waited = 0; waited < 20 && !presence.alive('librarian'); waited++)
      await new Promise((resolve) => setTimeout(resolve, 25));
    return await asker.ask('librarian', question, answer, Date.now() + 10_000);
  } catch (error) {
    if (error instanceof NobodyServes) return undefined;
    throw error;
  } finally {
    asker.close();
  }
}
async function find(words: string[], flags: Flags): Promise<void> {
  const query = words.join(' ').trim();
  if (flags.map) return map(query, flags);
  if (query === '') throw new WrongInput('QUESTION', 'say what you look for');
  const collections = collectionsOf(flags);
  const ask = {
    query,
    most: flags.most,
    filters: filtersOf(flags),
    graph: flags.graph,
    ...(collections ? { collections } : {}),
  };
  const answer =
    (await askLibrarian(flags, { kind: 'search', ...ask }, searchAnswerSchema)) ?? (await direct(ask, flags));
  if (flags.json) return printJson({ query, ...answer });
  if (answer.hits.length === 0) return note('cortex: nothing found; "cortex index PATH" puts something there');
  for (const hit of answer.hits) printText(`${citation(hit)}\n${body(hit, flags.full === true)}\n`);
  for (const line of answer.explanation) note(`cortex: ${line}`);
}

async function direct(
  ask: Parameters<typeof import('@cortex/actor-librarian').search>[1],
  flags: SearchFlags,
): Promise<SearchAnswer> {
  const { search } = await import('@cortex/actor-librarian');
  const library = await openLibrary({ encoder: flags.encoder });
  try {
    return await reached(() => search(library, ask));
  } finally {
    await library.close();
  }
}

async function map(query: string, flags: Flags): Promise<void> {
  const ask = {
    budget_tokens: flags.budget,
    ...(query ? { query } : {}),
    ...(flags.repository ? { repository: flags.repository } : {}),
  };
  let answer = await askLibrarian(flags, { kind: 'map', ...ask }, mapAnswerSchema);
  if (!answer) {
    const { repositoryMap } = await import('@cortex/actor-librarian');
    const library = await openLibrary({ encoder: flags.encoder && query !== '' });
    try {
      answer = await reached(() => repositoryMap(library, ask));
    } finally {
      await library.close();
    }
  }
  if (flags.json) return printJson(answer);
  if (answer.map === '') return note('cortex: no code is indexed; "cortex index PATH" puts some there');
  printText(answer.map);
}

/** `ops/src/cli/run.ts:10-42 (acme/cortex@1a2b3c4) main › run`. */
export function citation(hit: ContextPiece): string {
  const c = colours();
  const lines = hit.lines && !/^(?:#|commit:)/.test(hit.source) ? `:${hit.lines[0]}-${hit.lines[1]}` : '';
  const commit = hit.commit ? `@${hit.commit.slice(0, 9)}` : '';
  return `${c.bold(shorten(`${hit.source}${lines}`, 200))} ${c.dim(`(${hit.collection}, ${hit.repository ?? '?'}${commit}, ${hit.trust})`)}\n  ${c.dim(shorten(hit.why, 200))}`;
}

function body(hit: ContextPiece, full: boolean): string {
  const lines = hit.text.split('\n').filter((line) => line.trim() !== '');
  return (full ? hit.text.split('\n') : lines.slice(0, 5)).map((line) => `    ${shorten2(line)}`).join('\n');
}

/** Indentation stays, control characters do not. */
const shorten2 = (line: string): string =>
  line
    .replace(/\t/g, '  ')
    .replace(/\p{Cc}/gu, ' ')
    .slice(0, 180);

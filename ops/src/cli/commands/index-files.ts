// `cortex index PATH…`: puts repositories, folders and issue exports where the librarian finds them. Works on the index itself; nothing else need run.
import { statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type { IndexOptions, IndexProgress, IndexReport, Library, Source } from '@cortex/actor-librarian';
import { COLLECTIONS, type Collection, TRUST_LEVELS, type Trust } from '@cortex/schemas';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { WrongInput } from '../failures.js';
import { openLibrary, reached } from '../library.js';
import { parseAmount, withExample, withJsonOption } from '../options.js';
import { duration, note, plural, printJson, printLine, printText } from '../output/index.js';
import { barText } from '../output/progress.js';
import { askedToEnd } from '../signals.js';

interface Flags {
  collection?: Collection;
  watch?: boolean;
  repository?: string;
  trust?: Trust;
  maxSize?: number;
  encoder: boolean;
  history: boolean;
  moveTo?: string;
  json?: boolean;
}

export function addIndex(program: Command): void {
  const command = program
    .command('index')
    .summary('put code, documents and issues where they are found')
    .description(
      'Indexes git repositories, folders and issue exports (JSON lines, CSV, GitHub’s API form; also .gz). Only what changed is read again; what was deleted ' +
        'goes. Ignored files, secrets, binaries and huge files are left out. Stopped in the middle, the next run goes on from there.',
    )
    .argument('[path...]', 'repositories, folders, issue exports')
    .addOption(
      new Option(
        '--collection <name>',
        'where it goes (default: code to codebase, documents to documentation, exports to issues)',
      ).choices([...COLLECTIONS]),
    )
    .option('--watch', 'stay, and index what changes')
    .option('--repository <name>', 'what to call it (default: owner/name of its origin, else the folder)')
    .addOption(
      new Option('--trust <level>', 'what its word is worth (default: known; issues: outside)').choices([
        ...TRUST_LEVELS,
      ]),
    )
    .option('--max-size <MiB>', 'larger files are left out (default: 1)', parseAmount)
    .option('--no-history', 'without the commits of a repository')
    .option('--no-encoder', 'by words alone: much faster, finds less')
    .option(
      '--move-to <store>',
      'copies the whole index to another store: milvus (MILVUS_URL), an address, or a folder',
      (value: string) => {
        if (value.trim() === '') throw new InvalidArgumentError('It is milvus, an address or a folder.');
        return value;
      },
    );
  withJsonOption(command, 'print one JSON document; with --watch one JSON object a line');
  withExample(
    command,
    'index . --watch',
    'index ../payments --collection codebase',
    'index issues.jsonl --collection issues --repository acme/payments',
    'index --move-to milvus',
  );
  command.action((paths: string[], flags: Flags) => reached(() => index(paths, flags)));
}

async function index(paths: string[], flags: Flags): Promise<void> {
  if (flags.moveTo !== undefined) {
    const { moveLibrary } = await import('../library.js');
    const moved = await moveLibrary(flags.moveTo, (line) => note(`cortex: ${line}`));
    if (flags.json) return printJson(moved);
    return printText(`${plural(moved.passages, 'passage')} moved from ${moved.from} to ${moved.to}`);
  }
  if (paths.length === 0) throw new WrongInput('PATH', 'name a repository, a folder or an issue export');
  for (const path of paths)
    if (!statSync(path, { throwIfNoEntry: false }))
      throw new WrongInput(`PATH ${path}`, 'there is no such file or folder');
  const library = await openLibrary({ encoder: flags.encoder });
  const stop = new AbortController();
  const ended = askedToEnd(() => process.exit(130)).then(() => stop.abort());
  try {
    const encoder = flags.encoder ? await library.claimEncoder() : undefined;
    const reports: IndexReport[] = [];
    const sources: Source[] = [];
    for (const path of paths) {
      const options = optionsOf(flags, library, encoder, stop.signal);
      if (statSync(path).isDirectory()) {
        const { openSource } = await import('@cortex/actor-librarian');
        const source = await openSource(path, flags.repository);
        sources.push(source);
        reports.push(...(await indexSource(source, options, flags)));
      } else reports.push(await indexFile(path, options, flags));
    }
    for (const collection of COLLECTIONS) {
      // Also where nothing changed: a run before this one may have been killed before it put the store in order.
      await library.store.settle(collection);
      await library.tune(collection);
    }
    if (flags.json && !flags.watch) printJson({ reports, counts: await library.counts(), store: library.store.where });
    else for (const report of reports) flags.json ? printLine(report) : printText(said(report));
    if (flags.watch) await watch(sources, flags, library, encoder, stop.signal, ended);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    note('cortex: stopped; what is indexed stays, the next run goes on from there');
  } finally {
    await library.close();
  }
}

function optionsOf(
  flags: Flags,
  library: Library,
  encoder: IndexOptions['encoder'],
  signal: AbortSignal,
): IndexOptions {
  return {
    store: library.store,
    encoder,
    signal,
    ...(flags.collection ? { collection: flags.collection } : {}),
    ...(flags.maxSize === undefined ? {} : { maxBytes: flags.maxSize * 1024 * 1024 }),
    ...(flags.trust ? { trust: flags.trust } : {}),
  };
}

async function indexSource(source: Source, options: IndexOptions, flags: Flags): Promise<IndexReport[]> {
  const { indexFolder, indexChanges } = await import('@cortex/actor-librarian');
  const bar = indexBar(source.repository);
  const report = await indexFolder(source, { ...options, onProgress: bar.show });
  bar.end();
  const code = flags.collection === undefined || flags.collection === 'codebase';
  if (!source.git || !flags.history || !code) return [report];
  const history = indexBar(`${source.repository}, history`);
  const { collection: _, maxBytes: __, ...rest } = options;
  const changes = await indexChanges(source, { ...rest, onProgress: history.show });
  history.end();
  return [report, { ...changes, repository: `${source.repository} (history)` }];
}

async function indexFile(path: string, options: IndexOptions, flags: Flags): Promise<IndexReport> {
  const { indexFolder, indexIssues, openSource, IssueRowError } = await import('@cortex/actor-librarian');
  const issues =
    flags.collection === 'issues' ||
    (flags.collection === undefined && /\.(?:jsonl|ndjson|csv|tsv|json)(?:\.gz)?$/i.test(path));
  if (!issues) {
    // One file: its folder, narrowed to it.
    const source = await openSource(dirname(resolve(path)), flags.repository);
    return indexFolder(source, options, [basename(path)]);
  }
  const bar = indexBar(basename(path));
  try {
    const { collection: _, maxBytes: __, ...rest } = options;
    return await indexIssues(path, flags.repository ?? basename(path).replace(/\..*$/, ''), {
      ...rest,
      onProgress: bar.show,
    });
  } catch (error) {
    if (error instanceof IssueRowError)
      throw new WrongInput(`${path}:${error.line}`, error.message.replace(/^.*?:\d+: /, ''));
    throw error;
  } finally {
    bar.end();
  }
}

async function watch(
  sources: readonly Source[],
  flags: Flags,
  library: Library,
  encoder: IndexOptions['encoder'],
  signal: AbortSignal,
  ended: Promise<void>,
): Promise<void> {
  if (sources.length === 0) throw new WrongInput('--watch', 'only repositories and folders can be watched');
  const { watchFolder } = await import('@cortex/actor-librarian');
  const watches = await Promise.all(
    sources.map((source) =>
      watchFolder(source, optionsOf(flags, library, encoder, signal), {
        onIndexed: (report) => (flags.json ? printLine(report) : printText(said(report))),
        onTrouble: (error) => note(`cortex: ${source.repository}: ${error.message}; trying again`),
      }),
    ),
  );
  note(`cortex: watching ${sources.map((source) => source.folder).join(', ')}; Ctrl-C ends`);
  await ended;
  await Promise.all(watches.map((one) => one.stop()));
}

/** Bar with rate and time left on a terminal; elsewhere one line at the start. */
function indexBar(what: string): { show: (progress: IndexProgress) => void; end: () => void } {
  const stream = process.stderr;
  const began = Date.now();
  let drawn = 0;
  if (!stream.isTTY) stream.write(`cortex: indexing ${what}\n`);
  return {
    show({ files, of, passages }) {
      const now = Date.now();
      if (!stream.isTTY || now - drawn < 100) return;
      drawn = now;
      const rate = passages / Math.max(1, (now - began) / 1000);
      const words = `${what}: ${plural(files, 'file')}, ${plural(passages, 'passage')}, ${rate.toFixed(0)}/s`;
      stream.write(
        `\r\x1b[2K${of > 0 ? barText(words, files / of, now - began) : `${words}, ${duration(now - began)}`}`,
      );
    },
    end: () => void (stream.isTTY && stream.write('\r\x1b[2K')),
  };
}

function said(report: IndexReport): string {
  const left = Object.entries(report.left_out)
    .filter(([why]) => why !== 'not text')
    .map(([why, n]) => `${n} ${why}`);
  return [
    `${report.repository}: ${plural(report.files, 'file')}, ${report.changed} changed, ${report.removed} removed, ${plural(report.passages, 'passage')} written (${report.embedded} encoded)`,
    report.secrets > 0 && `${plural(report.secrets, 'secret')} put out`,
    left.length > 0 && `left out: ${left.join(', ')}`,
  ]
    .filter(Boolean)
    .join('; ');
}

// Past work → the issues collection: issue exports, and the commits of a repository (what was done, and which files it took).
import { createHash } from 'node:crypto';
import type { Trust } from '@cortex/schemas';
import { cutDocument } from '../chunk/document.js';
import type { CutFile } from '../chunk/index.js';
import { rowsOf } from '../chunk/rows.js';
import type { Source } from '../read/files.js';
import { changesOf } from '../read/git.js';
import { readIssues } from '../read/issues.js';
import { withoutSecrets } from '../read/secrets.js';
import type { ChunkRow } from '../store/types.js';
import type { IndexOptions, IndexReport } from './index-folder.js';
import { type KnownFile, knownFiles } from './known.js';
import { RowWriter } from './writer.js';

const MOST_CHANGES = 2_000;
/** A commit that touches more says nothing about any of them. */
const MOST_TOUCHED = 40;
const REMOVED_TOGETHER = 200;

type Options = Omit<IndexOptions, 'collection' | 'maxBytes'>;

const emptyReport = (repository: string): IndexReport => ({
  repository,
  files: 0,
  changed: 0,
  unchanged: 0,
  removed: 0,
  passages: 0,
  embedded: 0,
  secrets: 0,
  left_out: {},
});

/** @throws IssueRowError naming file and line; what stood before it is indexed. */
export async function indexIssues(file: string, repository: string, options: Options): Promise<IndexReport> {
  const work = new PastWork(options, repository);
  try {
    for await (const issue of readIssues(file)) {
      options.signal?.throwIfAborted();
      const head = [
        issue.state && `State: ${issue.state}`,
        issue.labels.length > 0 && `Labels: ${issue.labels.join(', ')}`,
      ]
        .filter(Boolean)
        .join('. ');
      const text = [issue.title, head, issue.body, ...issue.comments].filter(Boolean).join('\n\n');
      await work.add({
        repository: issue.repository || repository,
        path: issue.id,
        title: `${issue.id.startsWith('#') ? `issue ${issue.id}` : issue.id}: ${issue.title}`,
        text,
        kind: 'issue',
        at: issue.changedAt,
        trust: options.trust ?? 'outside',
        commit: '',
      });
    }
  } finally {
    await work.finish();
  }
  return work.report;
}

/** The commits that led here. Those that are no more part of the history go. */
export async function indexChanges(source: Source, options: Options): Promise<IndexReport> {
  const work = new PastWork(options, source.repository);
  const present = new Set<string>();
  for await (const change of changesOf(source.folder, MOST_CHANGES)) {
    options.signal?.throwIfAborted();
    const path = `commit:${change.commit.slice(0, 12)}`;
    present.add(path);
    const [subject = '', ...rest] = change.message.split('\n');
    const touched = change.files.length <= MOST_TOUCHED ? change.files : [];
    const text = [subject, rest.join('\n').trim(), touched.length > 0 && `Changed: ${touched.join(', ')}`]
      .filter(Boolean)
      .join('\n\n');
    await work.add({
      repository: source.repository,
      path,
      title: `commit ${change.commit.slice(0, 12)}: ${subject}`,
      text,
      kind: 'change',
      at: change.at,
      trust: options.trust ?? 'known',
      commit: change.commit,
      touched,
    });
  }
  await work.finish();
  const gone = (await work.known(source.repository)).filter((path) => path.startsWith('commit:') && !present.has(path));
  for (let at = 0; at < gone.length; at += REMOVED_TOGETHER)
    await options.store.remove('issues', {
      repository: source.repository,
      paths: gone.slice(at, at + REMOVED_TOGETHER),
    });
  return { ...work.report, removed: gone.length };
}

interface Piece {
  repository: string;
  path: string;
  title: string;
  text: string;
  kind: string;
  at: number;
  trust: Trust;
  commit: string;
  touched?: string[];
}

class PastWork {
  readonly report: IndexReport;
  private readonly writer: RowWriter;
  private readonly seen = new Map<string, Map<string, KnownFile>>();

  constructor(
    private readonly options: Options,
    repository: string,
  ) {
    this.report = emptyReport(repository);
    const { store, encoder, signal, wordsFirst } = options;
    let passages = 0;
    this.writer = new RowWriter('issues', {
      store,
      encoder,
      ...(signal ? { signal } : {}),
      wordsFirst: wordsFirst === true,
      onWritten: (rows) => {
        passages += rows;
        options.onProgress?.({ files: this.report.files, of: 0, passages });
      },
    });
  }

  async known(repository: string): Promise<string[]> {
    return [...(await this.files(repository)).keys()];
  }

  private async files(repository: string): Promise<Map<string, KnownFile>> {
    const found =
      this.seen.get(repository) ??
      (await knownFiles(this.options.store, 'issues', repository, this.options.encoder !== undefined));
    this.seen.set(repository, found);
    return found;
  }

  async add(piece: Piece): Promise<void> {
    this.report.files++;
    this.options.onProgress?.({ files: this.report.files, of: 0, passages: this.report.passages });
    const fileHash = createHash('sha256').update(`${piece.title}\0${piece.text}`).digest('hex');
    const before = (await this.files(piece.repository)).get(piece.path);
    if (before?.whole && before.hash === fileHash) {
      this.report.unchanged++;
      return;
    }
    const clean = withoutSecrets(piece.text);
    this.report.secrets += clean.found.length;
    const rows = rowsOf(
      asWork(cutDocument(clean.text, 'markdown'), piece.kind),
      {
        repository: piece.repository,
        path: piece.path,
        commit: piece.commit,
        changedAt: piece.at,
        trust: piece.trust,
        fileHash,
        title: withoutSecrets(piece.title).text,
      },
      this.options.store.dimensions,
    );
    if (rows.length === 0) return;
    if (piece.touched) withTouched(rows, piece.touched);
    this.report.changed++;
    await this.writer.add(rows);
  }

  async finish(): Promise<void> {
    await this.writer.flush();
    this.report.passages = this.writer.written.passages;
    this.report.embedded = this.writer.written.embedded;
  }
}

const asWork = (cut: CutFile, kind: string): CutFile => ({
  ...cut,
  language: kind,
  passages: cut.passages.map((passage) => ({ ...passage, kind })),
});

/** What a commit touched is known, not guessed from its text. */
function withTouched(rows: ChunkRow[], touched: string[]): void {
  for (const [i, row] of rows.entries()) {
    const links = JSON.parse(row.links) as Record<string, unknown>;
    rows[i] = { ...row, links: JSON.stringify(i === 0 ? { ...links, touched } : links) };
  }
}

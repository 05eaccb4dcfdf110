// `node test/dist/librarian/bench-index.js`: an index of ten thousand made files. Shows that memory does not grow with the files, that a kill -9 costs one batch,
// that renamed files are not encoded again and that deleted ones are never found again. Each run of the indexer is a process of its own.
import { fork } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { indexFolder, Library, openSource, search } from '@cortex/actor-librarian';
import { type Encoder, searchTerms } from '@cortex/models';

const DIMENSIONS = 384;
const MiB = 1024 * 1024;

/** Words hashed to axes: quick, and the same text has the same vector. */
const encoder: Encoder = {
  id: 'hashed',
  dimensions: DIMENSIONS,
  encode: async (texts) =>
    texts.map((text) => {
      const vector = new Float32Array(DIMENSIONS);
      for (const term of searchTerms(text)) {
        let hash = 7;
        for (let i = 0; i < term.length; i++) hash = (hash * 31 + term.charCodeAt(i)) >>> 0;
        const axis = hash % DIMENSIONS;
        vector[axis] = (vector[axis] ?? 0) + 1;
      }
      const length = Math.hypot(...vector) || 1;
      return vector.map((value) => value / length);
    }),
  close: async () => undefined,
};

interface Run {
  seconds: number;
  changed: number;
  unchanged: number;
  removed: number;
  passages: number;
  embedded: number;
  /** Most memory resident while it ran, MiB. */
  resident: number;
}

async function child(folder: string, vectors: string): Promise<void> {
  const library = await Library.open({ folder: vectors, encoder });
  const began = performance.now();
  const report = await indexFolder(await openSource(folder, 'made'), {
    store: library.store,
    encoder,
    onProgress: ({ files, passages }) => process.send?.({ files, passages }),
  });
  await library.store.settle('codebase');
  await library.close();
  const { changed, unchanged, removed, passages, embedded } = report;
  const seconds = Math.round((performance.now() - began) / 1000);
  const resident = Math.round((process.resourceUsage().maxRSS * 1024) / MiB);
  const done: Run = { seconds, changed, unchanged, removed, passages, embedded, resident };
  process.send?.({ done });
}

/** One process that indexes; `killAt`: it is killed with -9 once so many passages are written. */
function index(folder: string, vectors: string, killAt = Number.POSITIVE_INFINITY): Promise<Run | undefined> {
  return new Promise((resolve, reject) => {
    const started = fork(fileURLToPath(import.meta.url), ['--child', folder, vectors]);
    let done: Run | undefined;
    started.on('message', (said: { passages?: number; done?: Run }) => {
      done = said.done ?? done;
      if ((said.passages ?? 0) >= killAt) started.kill('SIGKILL');
    });
    started.once('exit', (code, signal) =>
      code === 0 || signal === 'SIGKILL' ? resolve(done) : reject(new Error(`the indexer ended with code ${code}`)),
    );
  });
}

const nameOf = (i: number): string => `part${Math.floor(i / 100)}/file${i}.ts`;
const textOf = (i: number): string =>
  Array.from(
    { length: 3 },
    (_, f) =>
      `/** Work number ${f} of file ${i}. */\nexport function work${i}x${f}(a: number): number {\n  const token${i} = a + ${i * 3 + f};\n  return token${i} * ${f + 1};\n}\n`,
  ).join('\n');

function make(folder: string, from: number, to: number): void {
  for (let i = from; i < to; i++) {
    mkdirSync(dirname(join(folder, nameOf(i))), { recursive: true });
    writeFileSync(join(folder, nameOf(i)), textOf(i));
  }
}

async function main(files: number): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'cortex-bench-index-'));
  const row = (what: string, run: Run | undefined) =>
    process.stdout.write(
      run
        ? `| ${what} | ${run.changed} | ${run.passages} | ${run.embedded} | ${run.removed} | ${run.seconds} | ${run.resident} |\n`
        : `| ${what} | | | | | | |\n`,
    );
  try {
    process.stdout.write(
      '| run | files read anew | passages written | encoded | files gone | s | most resident MiB |\n|---|---|---|---|---|---|---|\n',
    );
    const [few, many] = [join(root, 'few'), join(root, 'many')];
    make(few, 0, files / 10);
    row(`${files / 10} files`, await index(few, join(root, 'vectors-few')));
    make(many, 0, files);
    const vectors = join(root, 'vectors');
    row(`${files} files, killed half-way`, await index(many, vectors, files * 1.5));
    row('the same, gone on with', await index(many, vectors));
    mkdirSync(join(many, 'moved'));
    for (let i = 0; i < files / 10; i++) renameSync(join(many, nameOf(i)), join(many, 'moved', `file${i}.ts`));
    row('a tenth renamed', await index(many, vectors));
    for (let i = 0; i < files / 10; i++) rmSync(join(many, 'moved', `file${i}.ts`));
    row('those deleted', await index(many, vectors));
    const library = await Library.open({ folder: vectors, encoder });
    const sources = new Set<string>();
    for (let i = 0; i < 20; i++)
      for (const hit of (await search(library, { query: `token${i} work${i}x1` })).hits) sources.add(hit.source);
    const left = await library.store.count('codebase');
    await library.close();
    const deleted = new Set(Array.from({ length: files / 10 }, (_, i) => nameOf(i)));
    const gone = [...sources].filter((source) => source.startsWith('moved/') || deleted.has(source));
    process.stdout.write(`\n${left} passages are left; deleted files found by their own words: ${gone.length}\n`);
    process.exitCode = gone.length === 0 ? 0 : 1;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

const { values, positionals } = parseArgs({
  options: { files: { type: 'string', default: '10000' }, child: { type: 'boolean', default: false } },
  allowPositionals: true,
});
if (values.child) {
  await child(positionals[0] ?? '', positionals[1] ?? '');
  process.exit(0);
} else await main(Number(values.files));

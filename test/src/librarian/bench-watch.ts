// `node test/dist/librarian/bench-watch.js`: how long after a file is written, or deleted, another process finds it by its new content, or no more.
// The real `cortex index --watch` with its encoder in one process, searches on the same index in this one.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Library, search } from '@cortex/actor-librarian';
import { optionsOf } from '../harness/options.js';

const LOOK_MS = 10;

const values = optionsOf(
  'bench-watch',
  { files: { type: 'string', default: '300' }, changes: { type: 'string', default: '20' } },
  ['files', 'changes'],
);
const [files, changes] = [Number(values.files), Number(values.changes)];
const root = mkdtempSync(join(tmpdir(), 'cortex-bench-watch-'));
const folder = join(root, 'source');
const knowledge = join(root, 'vectors');
const nameOf = (i: number) => `part${i % 20}/file${i}.ts`;
const put = (i: number, word: string) => {
  mkdirSync(dirname(join(folder, nameOf(i))), { recursive: true });
  writeFileSync(
    join(folder, nameOf(i)),
    `/** Works on ${word}. */\nexport function work${i}(a: number): number {\n  const ${word} = a + ${i};\n  return ${word};\n}\n`,
  );
};
for (let i = 0; i < files; i++) put(i, `before${i}`);
const cortex = fileURLToPath(new URL('../../../ops/dist/cli/main.js', import.meta.url));
const watcher = spawn(process.execPath, [cortex, 'index', folder, '--watch', '--json'], {
  env: { ...process.env, CORTEX_KNOWLEDGE: knowledge, MILVUS_URL: '' },
  stdio: ['ignore', 'inherit', 'pipe'],
});
try {
  for await (const line of createInterface({ input: watcher.stderr })) if (line.includes('watching')) break;
  // Without an encoder of its own: words find at once, meaning follows.
  const library = await Library.open({ folder: knowledge });
  const found = async (query: string) =>
    (await search(library, { query, graph: false })).hits.map(({ source }) => source);
  const after = async (change: () => void, done: () => Promise<boolean>): Promise<number> => {
    change();
    const began = performance.now();
    while (!(await done())) await pause(LOOK_MS);
    return performance.now() - began;
  };
  const changed: number[] = [];
  const deleted: number[] = [];
  for (let i = 0; i < changes; i++) {
    changed.push(
      await after(
        () => put(i, `after${i}x`),
        async () => (await found(`after${i}x`))[0] === nameOf(i),
      ),
    );
    deleted.push(
      await after(
        () => rmSync(join(folder, nameOf(files - 1 - i))),
        async () => !(await found(`before${files - 1 - i}`)).includes(nameOf(files - 1 - i)),
      ),
    );
  }
  let again = 0;
  for (let i = 0; i < changes; i++)
    if ((await found(`before${files - 1 - i}`)).includes(nameOf(files - 1 - i))) again++;
  await library.close();
  const said = (times: number[]) => {
    const sorted = [...times].sort((a, b) => a - b);
    return `p50 ${Math.round(sorted[sorted.length >> 1] ?? 0)} ms, longest ${Math.round(sorted.at(-1) ?? 0)} ms`;
  };
  process.stdout.write(
    `${files} files, ${changes} changed and ${changes} deleted\nfound by its new content: ${said(changed)}\nfound no more: ${said(deleted)}\ndeleted files found again: ${again}\n`,
  );
  process.exitCode = again === 0 && Math.max(...changed, ...deleted) <= 2_000 ? 0 : 1;
} finally {
  watcher.kill('SIGTERM');
  await new Promise((resolve) => (watcher.exitCode === null ? watcher.once('exit', resolve) : resolve(undefined)));
  rmSync(root, { recursive: true, force: true });
}

// The project is the same wherever it is cloned: no registry's host, no path of the machine it was written on.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Red, trackedFiles } from './gate.mjs';

const hosts = [
  ['registry', 'npmjs', 'org'],
  ['registry', 'yarnpkg', 'com'],
  ['pypi', 'org'],
  ['pythonhosted', 'org'],
  ['proxy', 'golang', 'org'],
  ['sum', 'golang', 'org'],
  ['crates', 'io'],
  ['deb', 'debian', 'org'],
  ['maven', 'org'],
].map((parts) => parts.join('\\.'));
const folders = ['root', 'work', 'home/[a-z][a-z0-9_-]*', 'Users/[A-Za-z]'];
const FORBIDDEN = [
  [new RegExp(`\\b(${hosts.join('|')})\\b`), "a registry's host"],
  [new RegExp(`(^|[\\s"'\`(=:,])/(${folders.join('|')})/`), 'a path of one machine'],
];
// Paths inside the container image are the image's own.
const EXCEPT = /^(ops\/containers\/|docker-compose\.yml$)/;

export const portable = {
  name: 'no hosts of registries, no machine paths',
  async run(root) {
    const files = await trackedFiles(root);
    const found = [];
    for (const file of files) {
      const path = join(root, file);
      const stat = statSync(path, { throwIfNoEntry: false });
      if (!stat?.isFile() || stat.size > 4_000_000) continue;
      const text = readFileSync(path, 'utf8');
      if (text.includes('\0')) continue;
      for (const [at, line] of text.split('\n').entries()) {
        for (const [pattern, what] of FORBIDDEN) {
          if (what.startsWith('a path') && EXCEPT.test(file)) continue;
          if (pattern.test(line)) found.push(`${file}:${at + 1}: ${what}: ${line.trim().slice(0, 120)}`);
        }
      }
    }
    if (found.length > 0) throw new Red(found.join('\n'));
    return `${files.length} files`;
  },
};

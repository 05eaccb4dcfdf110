// Everything that runs with Cortex may be used and passed on freely (read from what is really installed), and whatever
// somebody asked for by name is explained in docs/dependencies.md.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Red } from './gate.mjs';

const FREE =
  /^(Apache-2\.0|MIT|MIT-0|BSD-2-Clause|BSD-3-Clause|0BSD|ISC|CC0-1\.0|Unlicense|BlueOak-1\.0\.0|Python-2\.0)$/;

export const licences = {
  name: 'licences and reasons',
  async run(root) {
    const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
    const wrong = [];
    let looked = 0;
    for (const [path, entry] of Object.entries(packages)) {
      if (!path.includes('node_modules/') || entry.link || entry.dev) continue;
      const manifest = join(root, path, 'package.json');
      // Another platform's binary is not installed here; it is the same project under the same licence.
      if (!existsSync(manifest)) {
        if (!entry.optional && !entry.peer && !entry.devOptional) wrong.push(`${path}: not installed`);
        continue;
      }
      looked += 1;
      const licence = licenceOf(JSON.parse(readFileSync(manifest, 'utf8')));
      if (!isFree(licence)) wrong.push(`${path}: ${licence || 'names no licence'}`);
    }
    wrong.push(...unexplained(root, packages));
    if (looked === 0) throw new Red('no package was looked at');
    if (wrong.length > 0) throw new Red(wrong.join('\n'));
    return `${looked} packages`;
  },
};

// A package somebody asked for by name has its line, with the reason, in the docs.
function unexplained(root, packages) {
  const page = join(root, 'docs', 'dependencies.md');
  const text = existsSync(page) ? readFileSync(page, 'utf8') : '';
  const ours = Object.entries(packages).filter(([path]) => !path.includes('node_modules/'));
  const names = ours.flatMap(([, entry]) => Object.keys({ ...entry.dependencies, ...entry.devDependencies }));
  return [...new Set(names)]
    .filter((name) => !name.startsWith('@cortex/') && !text.includes(`\`${name}\``))
    .map((name) => `${name}: docs/dependencies.md does not say why it is there`);
}

// Older packages write an object or a list.
function licenceOf({ license, licenses }) {
  const names = [license ?? licenses ?? []].flat().map((one) => (typeof one === 'string' ? one : one.type));
  return names.join(' OR ');
}

/** SPDX: one of the ORs is enough, of the ANDs all are needed. */
export function isFree(expression) {
  const bare = expression.replace(/^\((.*)\)$/, '$1').replace('Apache 2.0', 'Apache-2.0');
  return bare.split(' OR ').some((part) =>
    part
      .replace(/[()]/g, '')
      .split(' AND ')
      .every((name) => FREE.test(name.trim())),
  );
}

// package-lock.json is whole: `npm ci` refuses one that lacks a dependency, even another platform's optional one, and
// then nobody can install from a fresh clone. npm itself writes such a lock when a registry did not answer for one.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Red } from './gate.mjs';

export const lockfile = {
  name: 'package-lock.json is whole',
  async run(root) {
    const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
    const missing = [];
    for (const [path, entry] of Object.entries(packages)) {
      if (entry.link) continue;
      const optionalPeer = (name) => entry.peerDependenciesMeta?.[name]?.optional;
      const peers = Object.keys(entry.peerDependencies ?? {}).filter((name) => !optionalPeer(name));
      const needs = [
        entry.dependencies,
        entry.optionalDependencies,
        path.includes('node_modules/') ? {} : entry.devDependencies,
      ];
      for (const name of [...needs.flatMap((list) => Object.keys(list ?? {})), ...peers]) {
        if (!isThere(packages, path, name)) missing.push(`${path || 'the root'} needs ${name}`);
      }
    }
    if (missing.length > 0) throw new Red(`${missing.join('\n')}\nnpm ci would refuse it: install those packages anew`);
    return `${Object.keys(packages).length} packages`;
  },
};

// As Node looks: in the package's own node_modules, then in every folder above it.
function isThere(packages, from, name) {
  for (let folder = from; ; ) {
    if (packages[`${folder ? `${folder}/` : ''}node_modules/${name}`]) return true;
    if (folder === '') return false;
    const cut = folder.lastIndexOf('/');
    folder = cut < 0 ? '' : folder.slice(0, cut);
  }
}

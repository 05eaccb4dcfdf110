// What is generated from the schemas and committed says the same as the schemas.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { execute, Red } from './gate.mjs';

export const generated = {
  name: 'generated files are fresh',
  async run(root) {
    const generator = join(root, 'schemas', 'dist', 'generate.js');
    if (!existsSync(generator)) throw new Red('schemas/dist/generate.js is missing: build first');
    const { code, out, err } = await execute(process.execPath, [generator, '--check'], { cwd: root });
    if (code !== 0) throw new Red(`${out}${err}\nnode schemas/dist/generate.js writes them anew`);
    return undefined;
  },
};

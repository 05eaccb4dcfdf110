// One formatter and linter over everything.
import { nodeTool, Red } from './gate.mjs';

export const format = {
  name: 'format and lint',
  async run(root) {
    const { code, out, err } = await nodeTool(root, '@biomejs/biome/bin/biome', [
      'ci',
      '--colors=off',
      '--diagnostic-level=error',
      '.',
    ]);
    if (code !== 0) throw new Red(`${out}${err}\nnpm run format mends most of it`);
    return /Checked (\d+ files)/.exec(out + err)?.[1];
  },
};

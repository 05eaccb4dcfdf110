// Every test, by the same command a person types; its words go straight to the terminal.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { Red } from './gate.mjs';

export const tests = {
  name: 'tests',
  async run(root) {
    const child = spawn(process.execPath, [join(root, 'ops', 'bin', 'test.mjs')], { cwd: root, stdio: 'inherit' });
    const code = await new Promise((resolve) => child.on('close', resolve));
    if (code !== 0) throw new Red('tests failed: their reasons stand above');
    return undefined;
  },
};

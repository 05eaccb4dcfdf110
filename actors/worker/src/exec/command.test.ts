import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CommandNotFound, checkCommand, firstWord } from './command.js';

describe('the first word of a command', () => {
  it('is found behind blanks, assignments and quotes', () => {
    expect(firstWord('cat')).toBe('cat');
    expect(firstWord('  python3 work.py --fast')).toBe('python3');
    expect(firstWord(`A=1 B="two words" C='x' ./run.sh`)).toBe('./run.sh');
    expect(firstWord('"/opt/my tools/run" x')).toBe('/opt/my tools/run');
    expect(firstWord('cat|wc -c')).toBe('cat');
    expect(firstWord('false; true')).toBe('false');
  });

  it('is left open where only a shell could tell, and empty where there is none', () => {
    for (const command of ['$TOOL x', '(cd x && y)', '{ a; }', '`a`', '> out cat', '~/bin/x', '! cat'])
      expect(firstWord(command)).toBeUndefined();
    expect(firstWord('   ')).toBe('');
    expect(firstWord('A=1')).toBe('');
  });
});

describe.skipIf(process.platform === 'win32')('checking a command', () => {
  it('accepts programs, builtins, keywords and executable files', async () => {
    for (const command of ['cat', 'exit 3', 'if true; then cat; fi', process.execPath, 'A=1 sh -c "x"', '(cat)'])
      await checkCommand(command);
  });

  it('refuses what is not there in one line that names it', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'cortex-command-'));
    const plainFile = join(dir, 'notes.txt');
    await writeFile(plainFile, 'not a program', { mode: 0o644 });
    for (const [command, word] of [
      ['no-such-command-here --x', 'no-such-command-here'],
      ['./no/such/file', './no/such/file'],
      ['A=1 no-such-command-here', 'no-such-command-here'],
      [plainFile, plainFile],
      ['', ''],
    ] as const) {
      const error = await checkCommand(command).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(CommandNotFound);
      expect((error as CommandNotFound).word).toBe(word);
      expect((error as Error).message).not.toContain('\n');
    }
    await rm(dir, { recursive: true });
  });

  it('looks along the PATH and from the folder the command will have', async () => {
    await expect(checkCommand('cat', { env: { PATH: '/nowhere' } })).rejects.toThrow(CommandNotFound);
    await checkCommand('./sh', { cwd: '/bin' });
  });
});

// The scripts are run by the real shells, those that are on this machine; bash always is.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { buildProgram } from '../program.js';
import { completionScript, SHELLS } from './scripts.js';
import { placesOf } from './words.js';

const places = placesOf(await buildProgram());
const folder = mkdtempSync(join(tmpdir(), 'cortex-completion-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
for (const shell of SHELLS) writeFileSync(join(folder, `cortex.${shell}`), completionScript(shell, places));

const installed = (shell: string) => {
  try {
    execFileSync(shell, ['-c', 'exit 0']);
    return true;
  } catch {
    return false;
  }
};

/** What bash offers after these words; the last one is being typed. */
function bash(...words: string[]): string[] {
  const script = `source "$1"; shift; COMP_WORDS=(cortex "$@"); COMP_CWORD=$#; _cortex; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const out = execFileSync('bash', ['--norc', '-c', script, 'bash', join(folder, 'cortex.bash'), ...words], {
    cwd: folder,
    encoding: 'utf8',
  });
  return out.split('\n').filter((line) => line !== '');
}

describe('completion', () => {
  it('knows every command, and what follows it', () => {
    expect(bash('')).toEqual(expect.arrayContaining(['up', 'submit', 'masters', 'doctor', 'completion']));
    expect(bash('mas')).toEqual(['masters']);
    expect(bash('masters', 'pa')).toEqual(['pause']);
    expect(bash('masters', 'list', '--j')).toEqual(['--json']);
    expect(bash('completion', '')).toEqual(['bash', 'zsh', 'fish']);
  });

  it('passes over options with their values, and offers the values that are fixed', () => {
    expect(bash('--nats', 'nats://x', 'mas')).toEqual(['masters']);
    expect(bash('submit', '--id', 'masters', '--pri')).toEqual(['--priority']);
    expect(bash('submit', '--priority', 'c')).toEqual(['critical']);
    expect(bash('masters', '--json', 'add', '--desc')).toEqual(['--description']);
  });

  it('offers files where a file belongs', () => {
    expect(bash('submit', '--file', 'cortex.b')).toEqual(['cortex.bash']);
    expect(bash('index', 'cortex.f')).toEqual(['cortex.fish']);
  });

  it.skipIf(!installed('fish'))('is offered by fish, with what each word is for', () => {
    const offered = (line: string) =>
      execFileSync(
        'fish',
        ['--no-config', '-c', `source $argv[1]; complete -C $argv[2]`, join(folder, 'cortex.fish'), line],
        {
          encoding: 'utf8',
        },
      );
    expect(offered('cortex mas')).toMatch(/^masters\t\w/);
    expect(offered('cortex masters pa')).toMatch(/^pause\t\w/);
    expect(offered('cortex submit --priority c')).toMatch(/^critical\b/);
  });

  it.skipIf(!installed('zsh'))('is put in by zsh at the press of a key', () => {
    // A terminal of its own, as a person has one: completion is part of zsh's line editor.
    const session = `
      zmodload zsh/zpty
      zpty z 'TERM=dumb zsh -f -i'
      zpty -w z "autoload -U compinit; compinit -D -u; source $1; print REA''DY"
      zpty -r z line '*READY*'
      zpty -n -w z $'cortex masters pa\t'
      zpty -r z line '*masters pause *'
      print -r -- $line
      zpty -d z`;
    const seen = execFileSync('zsh', ['-f', '-c', session, 'zsh', join(folder, 'cortex.zsh')], {
      encoding: 'utf8',
      timeout: 30_000,
    });
    expect(seen).toContain('masters pause');
  });

  it.each(SHELLS)('is a script that %s can read', (shell) => {
    if (!installed(shell)) return expect(completionScript(shell, places)).toContain('masters');
    execFileSync(shell, ['-n', join(folder, `cortex.${shell}`)]);
  });

  it('has a description for every command', () => {
    for (const { commands } of places) for (const { word, about } of commands) expect(about, word).not.toBe('');
  });
});

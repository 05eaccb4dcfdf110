// The scripts are run by the real shells, those that are on this machine; bash always is.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { buildProgram } from '../program.js';
import { completionScript, SHELLS } from './scripts.js';
import { placesOf } from './words.js';

const places = placesOf(buildProgram());
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

  it.each(SHELLS)('is a script that %s can read', (shell) => {
    if (!installed(shell)) return expect(completionScript(shell, places)).toContain('masters');
    execFileSync(shell, ['-n', join(folder, `cortex.${shell}`)]);
  });

  it('has a description for every command', () => {
    for (const { commands } of places) for (const { word, about } of commands) expect(about, word).not.toBe('');
  });
});

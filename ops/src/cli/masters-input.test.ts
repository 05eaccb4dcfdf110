import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { masterSchema } from '@cortex/schemas';
import { afterAll, describe, expect, it } from 'vitest';
import { masterFile, merged, textLines } from './masters-input.js';

const folder = mkdtempSync(join(tmpdir(), 'cortex-masters-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (text: string) => {
  const path = join(folder, 'input');
  writeFileSync(path, text);
  return path;
};

describe('masters from a file', () => {
  it('may be an array, an object that holds one, one master, or JSON lines', async () => {
    const names = async (text: string) => (await masterFile(file(text))).map((master) => master.name);
    expect(await names('[{"name":"a"},{"name":"b"}]')).toEqual(['a', 'b']);
    expect(await names('{"masters":[{"name":"a"}]}')).toEqual(['a']);
    expect(await names('{\n"name":"a"\n}')).toEqual(['a']);
    expect(await names('{"name":"a"}\n{"name":"b"}\n')).toEqual(['a', 'b']);
  });

  it('are refused by place and field', async () => {
    await expect(masterFile(file('[{"name":"a"},{"name":7}]'))).rejects.toThrow(/master 2, field name: /);
    await expect(masterFile(file('{"name":"a"}\n{"name":'))).rejects.toThrow(/line 2: is not valid JSON/);
    await expect(masterFile(file('nonsense'))).rejects.toThrow(/is not valid JSON/);
    await expect(masterFile(file('[]'))).rejects.toThrow(/holds no master/);
    await expect(masterFile(join(folder, 'none'))).rejects.toThrow(/no such file/);
  });
});

describe('examples from a file', () => {
  it('may be plain lines, JSON strings or objects with text', async () => {
    expect(await textLines(file('one\n"two"\n{"text":"three","label":"x"}\n"quoted" at first\n'))).toEqual([
      'one',
      'two',
      'three',
      '"quoted" at first',
    ]);
    await expect(textLines(file('one\n{"label":"x"}'))).rejects.toThrow(/line 2, field text/);
  });
});

it('adding to a master keeps what it has and repeats nothing', () => {
  const existing = masterSchema.parse({ name: 'a', description: 'old', examples: ['x'], keywords: ['k'] });
  const both = merged(existing, { name: 'a', examples: ['x', 'y'], description: '' });
  expect(both).toMatchObject({ description: 'old', examples: ['x', 'y'], keywords: ['k'] });
});

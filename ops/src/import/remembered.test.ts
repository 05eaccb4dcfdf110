import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Remembered, TextFile } from './remembered.js';

it('values that many keys share come back as they were', () => {
  const facts = new Remembered();
  facts.set('a', 'security');
  facts.set('b', 'cicd');
  facts.set('c', 'security');
  expect([facts.get('a'), facts.get('b'), facts.get('c'), facts.get('d')]).toEqual([
    'security',
    'cicd',
    'security',
    undefined,
  ]);
});

it('texts lie on disk, the first of a key, and nothing is left of them', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cortex-texts-'));
  try {
    const texts = new TextFile(join(folder, 'in'));
    for (let i = 0; i < 3_000; i++) texts.put(`t-${i}`, `text ${i} ${'äöü'.repeat(i % 400)}`);
    texts.put('t-7', 'another');
    expect(texts.get('t-7')).toBe(`text 7 ${'äöü'.repeat(7)}`);
    texts.put('late', '');
    expect([texts.get('t-2999')?.slice(0, 9), texts.get('late'), texts.get('none')]).toEqual([
      'text 2999',
      '',
      undefined,
    ]);
    texts.close();
    expect(await readdir(join(folder, 'in'))).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

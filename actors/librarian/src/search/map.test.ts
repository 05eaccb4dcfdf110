// A repository on a page: what everything leans on stands there first, or what the question is about, never beyond the budget.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tokensOf } from '../chunk/rows.js';
import { indexFolder } from '../indexing/index-folder.js';
import { Library } from '../library/library.js';
import { openSource } from '../read/files.js';
import { repositoryMap } from './map.js';

let source: string;
let shelf: string;
let library: Library;

beforeAll(async () => {
  [source, shelf] = [await mkdtemp(join(tmpdir(), 'cortex-map-')), await mkdtemp(join(tmpdir(), 'cortex-map-'))];
  await writeFile(join(source, 'clock.ts'), 'export function now(): number {\n  return Date.now();\n}\n');
  for (const name of ['invoice', 'customer', 'order', 'shipment'])
    await writeFile(
      join(source, `${name}.ts`),
      `import { now } from './clock.js';\n\n/** Keeps the ${name} and when it was written. */\nexport function keep_${name}(): number {\n  return now();\n}\n`,
    );
  await writeFile(join(source, 'alone.ts'), 'export function nobodyCallsThis(): void {}\n');
  library = await Library.open({ folder: shelf });
  await indexFolder(await openSource(source, 'acme/shop'), { store: library.store, encoder: undefined });
});

afterAll(async () => {
  await library.close();
  for (const folder of [source, shelf]) await rm(folder, { recursive: true, force: true });
});

const first = async (query?: string) =>
  (await repositoryMap(library, { query, repository: 'acme/shop', budget_tokens: 8 })).map;

it('names the file that all others import where there is room for one', async () => {
  expect(await first()).toMatch(/^clock\.ts: now$/);
});

it('names what the question is about instead', async () => {
  expect(await first('when was the invoice written')).toMatch(/^invoice\.ts/);
});

it('holds every file with what it defines where there is room, within the budget, in order of path', async () => {
  const whole = await repositoryMap(library, { repository: 'acme/shop', budget_tokens: 500 });
  expect(whole.files).toBe(6);
  expect(whole.tokens).toBeLessThanOrEqual(500);
  expect(tokensOf(whole.map)).toBeLessThanOrEqual(whole.tokens + 1);
  expect(whole.map.split('\n').map((line) => line.split(':')[0])).toEqual(
    ['alone', 'clock', 'customer', 'invoice', 'order', 'shipment'].map((name) => `${name}.ts`),
  );
  expect(await repositoryMap(library, { repository: 'acme/other', budget_tokens: 500 })).toEqual({
    map: '',
    tokens: 0,
    files: 0,
  });
});

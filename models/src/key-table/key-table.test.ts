import { expect, it } from 'vitest';
import { KeyTable } from './index.js';

it('a table of hashes holds every key with its value, however often it has grown', () => {
  const table = new KeyTable(4);
  for (let i = 0; i < 5_000; i++) table.set(`key ${i % 4_000}`, i);
  expect(table.size).toBe(4_000);
  expect([table.get('key 0'), table.get('key 999'), table.get('key 3999'), table.get('other')]).toEqual([
    4_000,
    4_999,
    3_999,
    undefined,
  ]);
});

import { seededRandom } from '@cortex/models';
import { describe, expect, it } from 'vitest';
import { type Dated, forgetChanged } from './forget.js';

const WORDS: Record<string, string[]> = {
  kitchen: ['bread', 'pasta', 'soup', 'onions', 'eggs', 'sauce', 'oven'],
  garden: ['roses', 'tomatoes', 'lawn', 'bulbs', 'leaves', 'hedge', 'pond'],
  garage: ['tyres', 'brakes', 'chain', 'battery', 'engine', 'oil', 'bicycle'],
};
const COMMON = ['please', 'today', 'again', 'fix', 'check', 'the', 'for', 'us', 'soon', 'quickly'];

/** Tasks of three masters; the last `swapped` were done by the other one of kitchen and garden. */
function history(count: number, swapped: number): Dated[] {
  const random = seededRandom(3);
  const pick = (list: readonly string[]) => list[Math.floor(random() * list.length)] as string;
  return Array.from({ length: count }, (_, at) => {
    const subject = pick(Object.keys(WORDS));
    const text = `${pick(COMMON)} ${pick(WORDS[subject] as string[])} ${pick(COMMON)} ${pick(COMMON)} ${at}`;
    const other: Record<string, string> = { kitchen: 'garden', garden: 'kitchen' };
    return { text, label: at >= count - swapped ? (other[subject] ?? subject) : subject, at };
  });
}

describe('after drift', { timeout: 120_000 }, () => {
  it('forgets what two masters did before they swapped their work, and nothing of the third', async () => {
    const rows = history(700, 200);
    const { rows: kept, forgotten, changed } = await forgetChanged(rows, 1);
    expect(changed).toEqual(['garden', 'kitchen']);
    expect(kept.filter((r) => r.label === 'garage')).toHaveLength(rows.filter((r) => r.label === 'garage').length);
    expect(forgotten.length).toBeGreaterThan(200);
    expect(forgotten.every((r) => r.at < 550)).toBe(true);
  });

  it('forgets nothing when nothing changed, however little that is', async () => {
    expect((await forgetChanged(history(700, 0), 1)).forgotten).toEqual([]);
    expect((await forgetChanged(history(100, 50), 1)).forgotten).toEqual([]);
  });
});

import { seededRandom } from '@cortex/models';
import { describe, expect, it } from 'vitest';
import { forgetChanged } from './forget.js';

const WORDS: Record<string, string[]> = {
  kitchen: ['bread', 'pasta', 'soup', 'onions', 'eggs', 'sauce', 'oven'],
  garden: ['roses', 'tomatoes', 'lawn', 'bulbs', 'leaves', 'hedge', 'pond'],
  garage: ['tyres', 'brakes', 'chain', 'battery', 'engine', 'oil', 'bicycle'],
};
const COMMON = ['please', 'today', 'again', 'fix', 'check', 'the', 'for', 'us', 'soon', 'quickly'];

/** Tasks of three masters; the last `swapped` belong to the other one of kitchen and garden, and a fifth of what then fails is corrected. */
function history(count: number, swapped: number) {
  const random = seededRandom(3);
  const pick = (list: readonly string[]) => list[Math.floor(random() * list.length)] as string;
  const other: Record<string, string> = { kitchen: 'garden', garden: 'kitchen' };
  const rows: { text: string; label: string; weight: number; master: string; at: number }[] = [];
  const refused: { text: string; label: null; not: string; weight: number; at: number }[] = [];
  for (let at = 0; at < count; at++) {
    const master = pick(Object.keys(WORDS));
    const text = `${pick(COMMON)} ${pick(WORDS[master] as string[])} ${pick(COMMON)} ${pick(COMMON)} ${at}`;
    const label = at >= count - swapped ? (other[master] ?? master) : master;
    if (label === master || random() < 0.2) rows.push({ text, label, weight: 1, master, at });
    else refused.push({ text, label: null, not: master, weight: 1, at });
  }
  return { rows, refused };
}

describe('after drift', { timeout: 120_000 }, () => {
  const look = { look: true, seed: 1 };

  it('forgets what two masters did before they swapped their work, and nothing of the third', async () => {
    const { rows, refused } = history(700, 200);
    const kept = await forgetChanged(rows, refused, {}, look);
    expect(Object.keys(kept.changed).sort()).toEqual(['garden', 'kitchen']);
    const third = (list: readonly { label: string }[]) => list.filter(({ label }) => label === 'garage').length;
    expect(third(kept.rows)).toBe(third(rows));
    expect(kept.forgotten).toBeGreaterThan(200);
    for (const since of Object.values(kept.changed)) expect(Math.abs(since - 500)).toBeLessThan(30);
    // What was found once stays forgotten, without looking again.
    const later = await forgetChanged(rows, refused, kept.changed, { look: false, seed: 1 });
    expect(later).toEqual(kept);
  });

  it('forgets nothing when nothing changed, when a worker just fails, or when there is too little to tell', async () => {
    const same = history(700, 0);
    expect((await forgetChanged(same.rows, same.refused, {}, look)).forgotten).toBe(0);
    const few = history(700, 15);
    expect((await forgetChanged(few.rows, few.refused, {}, look)).forgotten).toBe(0);
    // The kitchen's work is the kitchen's still: three in four of its tasks fail all the same.
    const broken = {
      rows: same.rows.filter(({ label, at }) => at < 500 || label !== 'kitchen' || at % 4 === 0),
      refused: same.rows
        .filter(({ label, at }) => at >= 500 && label === 'kitchen' && at % 4 > 0)
        .map(({ text, at }) => ({ text, label: null, not: 'kitchen', weight: 1, at })),
    };
    expect((await forgetChanged(broken.rows, broken.refused, {}, look)).forgotten).toBe(0);
  });
});

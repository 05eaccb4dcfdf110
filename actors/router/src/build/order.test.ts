import { type Master, masterSchema } from '@cortex/schemas';
import { describe, expect, it } from 'vitest';
import { buildIdentity, exampleCount, profilesOf } from './order.js';

const master = (name: string, more: Partial<Master> = {}): Master => masterSchema.parse({ name, ...more });
const identity = (...masters: Master[]) => buildIdentity(profilesOf(masters), 'full', 'encoder-1');

describe('what a router is built from', () => {
  const a = master('a', { examples: ['one', 'two'] });
  const b = master('b', { description: 'All about b.' });

  it('is the same whatever the order of the masters and whoever is paused', () => {
    expect(identity(a, b)).toBe(identity(b, a));
    expect(identity(a, master('b', { description: 'All about b.', status: 'paused' }))).toBe(identity(a, b));
  });

  it('is another with another example, description, pattern, encoder or phase', () => {
    const others = [
      identity(master('a', { examples: ['one'] }), b),
      identity(a, master('b')),
      identity(a, master('b', { description: 'All about b.', patterns: ['b+'] })),
      buildIdentity(profilesOf([a, b]), 'full', 'encoder-2'),
      buildIdentity(profilesOf([a, b]), 'words', 'encoder-1'),
    ];
    expect(new Set([identity(a, b), ...others]).size).toBe(others.length + 1);
  });

  it('needs no encoder for words: the same words serve beside any', () => {
    const masters = profilesOf([a, b]);
    expect(buildIdentity(masters, 'words', 'encoder-1')).toBe(buildIdentity(masters, 'words', ''));
    expect(exampleCount(masters)).toBe(2);
  });
});

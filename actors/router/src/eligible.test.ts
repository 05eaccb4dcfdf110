import { type Master, masterSchema } from '@cortex/schemas';
import { describe, expect, it } from 'vitest';
import { Eligibility } from './eligible.js';

const master = (name: string, more: Partial<Master> = {}): Master => masterSchema.parse({ name, ...more });

function registry(masters: Master[]) {
  let revision = 1;
  return {
    list: () => masters,
    find: (name: string) => masters.find((m) => m.name === name || m.aliases.includes(name)),
    revision: () => revision,
    set(next: Master[]) {
      masters = next;
      revision++;
    },
  };
}

describe('who may be chosen', () => {
  it('are all active masters', () => {
    const of = new Eligibility(registry([master('a'), master('b', { status: 'paused' }), master('c')]));
    expect([...of.of(undefined).names]).toEqual(['a', 'c']);
  });

  it('are those an ask names, by name, by alias, with or without "-master"; unknown and paused ones are left out', () => {
    const of = new Eligibility(
      registry([master('a', { aliases: ['alpha'] }), master('b', { status: 'paused' }), master('c')]),
    );
    expect([...of.of(['alpha', 'c-master', 'b', 'nobody']).names]).toEqual(['a', 'c']);
  });

  it('changes with the registry at once', () => {
    const masters = registry([master('a'), master('b')]);
    const of = new Eligibility(masters);
    const before = of.of(undefined);
    masters.set([master('a'), master('b', { status: 'paused' })]);
    const after = of.of(undefined);
    expect([...after.names]).toEqual(['a']);
    expect(after.digest).not.toBe(before.digest);
  });

  it('has the same digest for the same masters in any order', () => {
    const of = new Eligibility(registry([master('a'), master('b')]));
    expect(of.of(['b', 'a']).digest).toBe(of.of(undefined).digest);
  });
});

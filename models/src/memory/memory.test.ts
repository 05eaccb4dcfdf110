import type { Lesson, TaskMemory } from '@cortex/schemas';
import { describe, expect, it } from 'vitest';
import {
  afterUse,
  cosine,
  cutTo,
  freshness,
  isPattern,
  mayRead,
  packVector,
  provenByOutcomes,
  recall,
  recallNotes,
  remember,
  shareInterval,
  supersedes,
  unpackVector,
  wordLikeness,
} from './index.js';

const NOW = new Date('2026-06-01T00:00:00Z');
const count = (text: string) => Math.ceil(text.length / 4);
const empty: TaskMemory = {
  task: 't',
  master: 'm',
  notes: [],
  summary: '',
  summarised: 0,
  spent: { input: 0, output: 0, reserved: 0 },
  subtasks: [],
  updated_at: NOW.toISOString(),
};
const lesson = (over: Partial<Lesson> = {}): Lesson => ({
  id: 'l1',
  key: 'k',
  master: 'development',
  shared: false,
  task_type: 'fix-bug',
  about: 'the upload crashes',
  lesson: 'look at the retry limit',
  worked: true,
  source: 'reflection',
  trust: 'known',
  used: 0,
  useful: 0,
  useless: 0,
  proven: false,
  learned_at: NOW.toISOString(),
  confirmed_at: NOW.toISOString(),
  ...over,
});

describe('short-term memory', () => {
  it('stays within its budget, keeps the newest whole and the oldest as a summary', () => {
    let memory = empty;
    for (let i = 0; i < 40; i++)
      memory = remember(
        memory,
        { kind: 'found', text: `Finding ${i} says something. ${'More of it. '.repeat(10)}It ends with ${i}.` },
        { budgetTokens: 200, count },
        NOW,
      );
    const size = memory.notes.reduce((sum, note) => sum + note.tokens, 0) + count(memory.summary);
    expect(size).toBeLessThanOrEqual(200);
    expect(memory.notes.at(-1)?.text).toContain('It ends with 39.');
    expect(memory.summarised + memory.notes.length).toBe(40);
    expect(recallNotes(memory)).toContain('(earlier, shortened)');
  });

  it('cuts a note that alone is larger than the budget', () => {
    const memory = remember(empty, { kind: 'found', text: 'x'.repeat(10_000) }, { budgetTokens: 100, count }, NOW);
    expect(memory.notes[0]?.tokens).toBeLessThanOrEqual(75);
    expect(cutTo('abcdefgh', 1, count)).toHaveLength(4);
  });
});

describe('long-term memory', () => {
  const ids = (lessons: Lesson[], master = 'development') =>
    recall(lessons, { master, similarity: (l) => wordLikeness('the upload crashes', l.about), now: NOW }).map(
      ({ lesson: l }) => l.id,
    );

  it('is private to its master until it is shared and proven', () => {
    expect(ids([lesson()], 'security')).toEqual([]);
    expect(ids([lesson({ shared: true })], 'security')).toEqual([]);
    expect(ids([lesson({ shared: true, proven: true })], 'security')).toEqual(['l1']);
  });

  it('brings up what is alike, useful, trusted and fresh first, and says why', () => {
    const lessons = [
      lesson({ id: 'other', about: 'paint the shed green' }),
      lesson({ id: 'useless', useless: 8, used: 8 }),
      lesson({ id: 'useful', useful: 8, used: 8 }),
      lesson({ id: 'outside', trust: 'outside' }),
      lesson({ id: 'old', confirmed_at: '2025-06-01T00:00:00Z' }),
    ];
    expect(ids(lessons)[0]).toBe('useful');
    expect(ids(lessons)).not.toContain('other');
    const old = recall(lessons, { master: 'development', similarity: () => 1, now: NOW }).find(
      ({ lesson: l }) => l.id === 'old',
    );
    expect(old?.stale).toBe(true);
    expect(old?.why).toContain('stale: last confirmed 2025-06-01');
  });

  it('is proven by successes it was there at, and not by chance alone', () => {
    let known = lesson();
    for (let i = 0; i < 3; i++) known = afterUse(known, true, undefined, NOW);
    expect(known).toMatchObject({ proven: true, shared: true, useful: 3 });
    let outside = lesson({ trust: 'outside' });
    for (let i = 0; i < 9; i++) outside = afterUse(outside, true, undefined, NOW);
    expect(outside).toMatchObject({ proven: false, shared: false });
    for (let i = 0; i < 3; i++) known = afterUse(known, false, undefined, NOW);
    expect(known.proven).toBe(false);
    expect(freshness(known, NOW)).toBe(1);
  });

  it('proves little where nearly all tasks succeed anyway', () => {
    const usual = { tasks: 200, succeeded: 190 };
    const after = (n: number) => provenByOutcomes({ useful: n, useless: 0 }, usual);
    expect([after(3), after(15), after(16)]).toEqual([false, false, true]);
    // Of a master of whom little is known yet, as of one who fails often, three in a row are enough.
    expect(provenByOutcomes({ useful: 3, useless: 0 }, { tasks: 4, succeeded: 4 })).toBe(true);
    expect(provenByOutcomes({ useful: 3, useless: 0 }, { tasks: 40, succeeded: 12 })).toBe(true);
    expect(provenByOutcomes({ useful: 3, useless: 1 })).toBe(false);
    const { lower, upper } = shareInterval({ useful: 9, useless: 1 });
    expect([lower.toFixed(3), upper.toFixed(3)]).toEqual(['0.652', '0.977']);
  });

  it('holds what a person shared until outcomes speak against it', () => {
    let word = lesson({ source: 'person', shared: true, proven: true, shared_by: 'person' });
    word = afterUse(word, true, undefined, NOW);
    expect(mayRead(word, 'security')).toBe(true);
    for (let i = 0; i < 8; i++) word = afterUse(word, false, undefined, NOW);
    expect(mayRead(word, 'security')).toBe(false);
  });

  it('is a pattern once proven, shared, fresh and not superseded', () => {
    const proven = lesson({ shared: true, proven: true });
    expect(isPattern(proven, NOW)).toBe(true);
    expect(isPattern(lesson({ shared: true }), NOW)).toBe(false);
    expect(isPattern({ ...proven, superseded_by: 'x' }, NOW)).toBe(false);
    expect(isPattern({ ...proven, confirmed_at: '2025-06-01T00:00:00Z' }, NOW)).toBe(false);
    expect(isPattern({ ...proven, trust: 'outside' }, NOW)).toBe(false);
    expect(isPattern({ ...proven, trust: 'outside', shared_by: 'person' }, NOW)).toBe(true);
  });

  it("is corrected by a person's word, not by a weaker one", () => {
    const person = lesson({ id: 'p', source: 'person' });
    expect(supersedes(person, lesson())).toBe(true);
    expect(supersedes(lesson(), person)).toBe(false);
    expect(supersedes(lesson({ id: 'x', key: 'other' }), lesson())).toBe(false);
    expect(ids([lesson({ superseded_by: 'p' })])).toEqual([]);
  });

  it('keeps vectors small and true', () => {
    const vector = new Float32Array(384).map((_, i) => Math.sin(i) / Math.sqrt(192));
    expect(cosine(unpackVector(packVector(vector)), vector)).toBeGreaterThan(0.999);
  });
});

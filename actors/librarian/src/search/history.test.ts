import { describe, expect, it } from 'vitest';
import { votesOf } from './history.js';

const change = (commit: string, ...touched: string[]) => ({ node: `work:app:commit:${commit}`, touched });

describe('votes of past work', () => {
  it('gives a file the votes of all commits like the question, and one of many files less than the only one', () => {
    const changes = new Map([
      ['1', change('a', 'lease', 'docs')],
      ['2', change('b', 'lease')],
      ['3', change('c', 'queue', 'docs', 'test', 'list')],
    ]);
    const votes = votesOf(
      [
        { id: '1', score: 2 },
        { id: '2', score: 1 },
        { id: '3', score: 1 },
      ],
      changes,
    );
    expect(
      [...votes]
        .sort((a, b) => b[1].share - a[1].share)
        .map(([file]) => file)
        .slice(0, 3),
    ).toEqual(['lease', 'docs', 'queue']);
    expect(votes.get('lease')).toEqual({ share: 1, by: 'work:app:commit:a' });
    expect(votes.get('queue')?.share).toBeCloseTo(0.5 / (2 / Math.SQRT2 + 1));
  });

  it('hears a commit once, however many of its rows were found, and none that is less like it than usual', () => {
    const told = change('a', 'lease');
    const votes = votesOf(
      [
        { id: '1', score: 1 },
        { id: '1b', score: 1 },
        { id: '2', score: 1 },
        { id: '3', score: -0.1 },
      ],
      new Map([
        ['1', told],
        ['1b', told],
        ['2', change('b', 'queue')],
        ['3', change('c', 'far')],
      ]),
    );
    expect(votes.get('lease')?.share).toBe(votes.get('queue')?.share);
    expect(votes.has('far')).toBe(false);
  });

  it('is silent where no commit was found', () => {
    expect(votesOf([], new Map()).size).toBe(0);
    expect(votesOf([{ id: 'issue', score: 3 }], new Map()).size).toBe(0);
  });
});

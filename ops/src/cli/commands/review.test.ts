import { describe, expect, it } from 'vitest';
import { matched } from './review.js';

const request = (id: string, task?: string) => ({
  id,
  kind: 'routing',
  question: '?',
  asked_by: 'coordinator',
  asked_at: '2026-11-22T12:00:00Z',
  ...(task ? { task } : {}),
});

describe('questions and answers', () => {
  it('meet by id, and by task when a person answers unasked', () => {
    const asked = [request('r1', 't1'), request('r2', 't2'), request('r3')];
    const found = matched(asked, [
      { review: 'r1', master: 'security' },
      { task: 't2', master: 'cicd', at: '2026-11-22T12:01:00Z' },
    ]);
    expect(found.map(({ answer }) => answer?.master)).toEqual(['security', 'cicd', undefined]);
  });

  it('do not meet when the answer is older than the question', () => {
    const [found] = matched([request('r1', 't1')], [{ task: 't1', master: 'cicd', at: '2026-11-22T11:00:00Z' }]);
    expect(found?.answer).toBeUndefined();
  });

  it('count a question that was stored twice once', () => {
    expect(matched([request('r1'), request('r1')], [])).toHaveLength(1);
  });
});

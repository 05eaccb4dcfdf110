import { describe, expect, it } from 'vitest';
import { type Desk, lookAtDesk, newDesk, takeAnswer, takeRequest } from './desk.js';

const SETTINGS = { reviewers: ['ada', 'bob', 'cy'], reviewsADay: 100, assignMs: 60_000, reviewMs: 600_000 };
const T0 = Date.parse('2026-11-22T10:00:00Z');
const request = (id: string, more: object = {}) => ({
  id,
  kind: 'routing',
  question: `where does ${id} go?`,
  task: `t-${id}`,
  candidates: ['security', 'cicd'],
  probabilities: { security: 0.5, cicd: 0.45 },
  asked_by: 'coordinator',
  asked_at: new Date(T0).toISOString(),
  ...more,
});
const assignees = (desk: Desk) => [...desk.open.values()].map(({ assignedTo }) => assignedTo);

describe('questions to people', () => {
  it('are shared out in turn, within the budget of a day, and the rest waits for the next day', () => {
    const desk = newDesk();
    const long = { ...SETTINGS, reviewMs: 10 * 86_400_000, reviewsADay: 9, assignMs: 10 * 86_400_000 };
    for (let i = 0; i < 20; i++) takeRequest(desk, request(`r-${i}`), long, T0);
    lookAtDesk(desk, long, T0);
    const counts = ['ada', 'bob', 'cy'].map((who) => assignees(desk).filter((name) => name === who).length);
    expect(counts).toEqual([3, 3, 3]);
    lookAtDesk(desk, long, T0 + 86_400_000);
    expect(assignees(desk).filter((name) => name !== undefined)).toHaveLength(18);
  });

  it('that teach most are put first within the budget, and no master’s are left behind', () => {
    const desk = newDesk();
    for (let i = 0; i < 40; i++) {
      const unsure = i % 2 === 0;
      const [best, other] = i < 30 ? ['security', 'cicd'] : ['cicd', 'security'];
      takeRequest(
        desk,
        request(`r-${i}`, {
          question: `where does ${['printer', 'invoice', 'desk', 'mail', 'door'][i % 5]} number ${String(i).padStart(4, '0')} go?`,
          probabilities: unsure ? { [best as string]: 0.5, [other as string]: 0.48 } : { [best as string]: 0.97 },
        }),
        SETTINGS,
        T0,
      );
    }
    const moves = lookAtDesk(desk, { ...SETTINGS, reviewsADay: 10 }, T0);
    const put = moves.flatMap((move) => (move.do === 'assign' ? [Number(move.review.request.id.slice(2))] : []));
    expect(put).toHaveLength(10);
    expect(put.filter((i) => i % 2 === 0).length).toBeGreaterThanOrEqual(8);
    expect(put.filter((i) => i >= 30).length).toBeGreaterThanOrEqual(2);
  });

  it('of a worker stay open at a word that is none of theirs, and at what is said of the task', () => {
    const desk = newDesk();
    takeRequest(desk, request('ask-t-1', { kind: 'worker', task: 't-1', choices: ['yes', 'no'] }), SETTINGS, T0);
    takeAnswer(desk, { review: 'ask-t-1', answer: 'perhaps', by: 'ada' }, T0 + 1);
    takeAnswer(desk, { task: 't-1', master: 'cicd', by: 'ada' }, T0 + 2);
    expect([...desk.open.keys()]).toEqual(['ask-t-1']);
    takeAnswer(desk, { review: 'ask-t-1', answer: 'YES', by: 'ada' }, T0 + 3);
    expect(desk.closed.get('ask-t-1')).toMatchObject({ how: 'answered', by: 'ada' });
  });

  it('pass on from a person who vanished, who then gets no more until he answers', () => {
    const desk = newDesk();
    for (let i = 0; i < 12; i++) takeRequest(desk, request(`r-${i}`), SETTINGS, T0);
    lookAtDesk(desk, SETTINGS, T0);
    for (const [id, { assignedTo }] of [...desk.open])
      if (assignedTo !== 'bob') takeAnswer(desk, { review: id, master: 'cicd', by: assignedTo ?? '' }, T0 + 1_000);
    const moves = lookAtDesk(desk, SETTINGS, T0 + 61_000);
    expect(moves.filter((move) => move.do === 'escalate')).toHaveLength(4);
    expect(assignees(desk)).not.toContain('bob');
    for (let i = 0; i < 6; i++) takeRequest(desk, request(`s-${i}`), SETTINGS, T0);
    lookAtDesk(desk, SETTINGS, T0 + 62_000);
    expect(assignees(desk)).not.toContain('bob');
    takeAnswer(desk, { review: 'r-1', master: 'cicd', by: 'bob' }, T0 + 63_000);
    for (let i = 0; i < 3; i++) takeRequest(desk, request(`u-${i}`), SETTINGS, T0);
    lookAtDesk(desk, SETTINGS, T0 + 64_000);
    expect(assignees(desk)).toContain('bob');
  });

  it('all end: answered, or expired at their deadline; a late answer changes nothing here, a contradicting one is noticed', () => {
    const desk = newDesk();
    for (let i = 0; i < 4; i++) takeRequest(desk, request(`r-${i}`), SETTINGS, T0);
    takeRequest(desk, request('soon', { deadline: new Date(T0 + 5_000).toISOString() }), SETTINGS, T0);
    expect(takeAnswer(desk, { task: 't-r-0', master: 'cicd', by: 'ada' }, T0)).toEqual([]);
    expect(takeAnswer(desk, { review: 'r-0', master: 'cicd', by: 'bob' }, T0)).toEqual([]);
    expect(takeAnswer(desk, { review: 'r-0', master: 'security', by: 'cy' }, T0)).toMatchObject([
      { do: 'contradiction', first: { by: 'ada' }, second: { by: 'cy' } },
    ]);
    const early = lookAtDesk(desk, SETTINGS, T0 + 6_000).filter((move) => move.do === 'expire');
    expect(early.map((move) => move.do === 'expire' && move.review.request.id)).toEqual(['soon']);
    takeAnswer(desk, { review: 'soon', answer: 'expired', by: 'watchdog' }, T0 + 6_000);
    expect(desk.closed.get('soon')?.how).toBe('expired');
    expect(takeAnswer(desk, { review: 'soon', master: 'cicd', by: 'ada' }, T0 + 7_000)).toEqual([]);
    expect(lookAtDesk(desk, SETTINGS, T0 + 601_000).filter((move) => move.do === 'expire')).toHaveLength(3);
  });

  it('are not answered by the watchdog taking a lease', () => {
    const desk = newDesk();
    takeRequest(desk, request('r-1'), SETTINGS, T0);
    takeAnswer(desk, { task: 't-r-1', answer: 'retry', by: 'watchdog' }, T0);
    expect(desk.open.has('r-1')).toBe(true);
  });
});

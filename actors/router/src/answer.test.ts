import { describe, expect, it } from 'vitest';
import { answerOf, recalled } from './answer.js';
import type { Opinion } from './panel.js';

const opinion: Opinion = {
  probabilities: { security: 0.6, cicd: 0.3, inventory: 0.1 },
  scope: 0.9,
  candidates: ['security', 'cicd'],
  experts: [
    {
      name: 'rule',
      probabilities: { security: 0.75, cicd: 0.25 },
      abstained: false,
      latency_ms: 0.2,
      weight: 1,
      evidence: ['"cve"'],
    },
    { name: 'retrieval', probabilities: {}, abstained: true, latency_ms: 0, weight: 0 },
  ],
  explanation: [],
  abstain: false,
  sure: 'words',
};
const among = (...names: string[]) => ({ names: new Set(names), digest: names.join() });
const how = { exit: 'encoder' as const, models: { router: 'router@7' } };

describe('an answer', () => {
  it('carries every vote, also of those who abstained, with what they saw', () => {
    const answer = answerOf(opinion, among('security', 'cicd', 'inventory'), how);
    expect(answer.probabilities).toEqual({ security: 0.6, cicd: 0.3, inventory: 0.1 });
    expect(answer).toMatchObject({ confidence: 0.6, scope: 0.9, abstain: false, models: { router: 'router@7' } });
    expect(answer.experts.map((e) => [e.name, e.abstained])).toEqual([
      ['rule', false],
      ['retrieval', true],
    ]);
    expect(answer.explanation).toContain('rule says security (75 %): "cve"');
  });

  it('never votes for a master that may not be chosen, and shares its odds out among the rest', () => {
    const answer = answerOf(opinion, among('cicd', 'inventory'), how);
    expect(answer.probabilities).toEqual({ cicd: 0.75, inventory: 0.25 });
    expect(answer.candidates).toEqual(['cicd']);
    expect(answer.experts[0]?.probabilities).toEqual({ cicd: 1 });
  });

  it('abstains when the masters that are out had most of the odds, whatever the rest looks like', () => {
    const answer = answerOf(opinion, among('cicd', 'inventory'), how);
    expect(answer.scope).toBeCloseTo(0.36);
    expect(answer.abstain).toBe(true);
    expect(answer.explanation.join(' ')).toContain('would have had 60 %');
  });

  it('says so when nobody may be chosen, instead of inventing odds', () => {
    const answer = answerOf(opinion, among(), how);
    expect(answer).toMatchObject({ probabilities: {}, confidence: 0, scope: 0, abstain: true, candidates: [] });
    expect(answer.explanation[0]).toContain('No master may be chosen');
  });

  it('says why the encoder was not heard', () => {
    const answer = answerOf(opinion, among('security'), { ...how, exit: 'deadline', reason: '3 ms were left' });
    expect(answer.exit).toBe('deadline');
    expect(answer.explanation.join(' ')).toContain('The deadline came before the encoder (3 ms were left)');
  });

  it('given from memory has cost no expert any time', () => {
    const again = recalled(answerOf(opinion, among('security', 'cicd', 'inventory'), how));
    expect(again.exit).toBe('cache');
    expect(again.experts.map((e) => e.latency_ms)).toEqual([0, 0]);
  });
});

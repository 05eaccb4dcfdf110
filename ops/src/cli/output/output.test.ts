import type { Decision } from '@cortex/schemas';
import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import { paintsOn } from './colours.js';
import { duration } from './moments.js';
import { table } from './table.js';
import { whatIf, whyText } from './why.js';
import { percent, plural, shorten } from './words.js';

const decision: Decision = {
  task: 't-1',
  master: 'security',
  confidence: 0.52,
  probabilities: { security: 0.52, development: 0.41, cicd: 0.07 },
  experts: [
    {
      name: 'lexical',
      probabilities: { development: 0.6, security: 0.4 },
      latency_ms: 0.2,
      abstained: false,
      weight: 0.4,
      evidence: ['uses "fix"'],
    },
    { name: 'retrieval', probabilities: { security: 0.9, cicd: 0.1 }, latency_ms: 7, abstained: false },
    { name: 'rule', probabilities: {}, latency_ms: 0.1, abstained: true },
  ],
  method: 'ensemble',
  propensity: 1,
  candidates: ['security', 'development'],
  models: { router: 'router@7' },
  arm: 'champion',
  explanation: ['near an example of security'],
  latency_ms: 9.7,
  decided_at: '2026-11-22T12:00:00.000Z',
  trace_id: '0af7651916cd43dd8448eb211c80319c',
};

describe('an explained decision', () => {
  it('says who else was close and who would have decided otherwise', () => {
    expect(whatIf(decision)).toEqual([
      'It was close: development was 11 points behind.',
      'Had only lexical been asked, it would have been development.',
    ]);
    expect(whatIf({ ...decision, probabilities: { security: 1 }, experts: [] })).toEqual([]);
  });

  it('reads as a page', () => {
    process.env.TZ = 'UTC';
    expect(whyText(decision, 'Fix the thing', pc.createColors(false))).toMatchInlineSnapshot(`
      "t-1 went to security, 52 % sure
        Fix the thing

      Why: the experts together decided.
        near an example of security

      How likely each master was:
        security       52 %  ████████████
        development    41 %  ██████████
        cicd            7 %  ██

      Candidates (the right one is among them nine times in ten): security, development

      Who said what:
        lexical    development 60 %, security 40 % (0.2 ms, weight 0.40)
                   uses "fix"
        retrieval  security 90 %, cicd 10 % (7 ms)
        rule       had nothing to say (0.1 ms)

      What if:
        It was close: development was 11 points behind.
        Had only lexical been asked, it would have been development.

      decided     2026-11-22 12:00:00, 9.7 ms after receipt
      models      router@7 (champion)
      trace       0af7651916cd43dd8448eb211c80319c"
    `);
  });

  it('does not call a task that waits for a person sure', () => {
    const text = whyText({ ...decision, review: 'r-1', master: 'coordinator' }, undefined, pc.createColors(false));
    expect(text.split('\n')[0]).toBe('t-1 waits with coordinator: a person is asked');
  });
});

describe('small words', () => {
  it('never let a text move the cursor of a terminal', () => {
    expect(shorten('a\u001b[2Jb\r\nc\u0007', 50)).toBe('a [2Jb c');
    expect(shorten('ä'.repeat(10), 5)).toBe('ääää…');
    expect(shorten('👩‍🚀👩‍🚀', 100)).toBe('👩‍🚀👩‍🚀');
  });

  it('do not call 99.6 % certain', () => {
    expect(percent(0.996)).toBe('> 99 %');
    expect(percent(1)).toBe('100 %');
    expect(percent(0.002)).toBe('< 1 %');
    expect(percent(0)).toBe('0 %');
  });

  it('say times in two units at most', () => {
    expect([0.42, 12.3, 3_400, 125_000, 12_000_000, 360_000_000].map(duration)).toEqual([
      '0.4 ms',
      '12 ms',
      '3.4 s',
      '2 min 5 s',
      '3 h 20 min',
      '4 d 4 h',
    ]);
    expect(plural(1, 'try', 'tries')).toBe('1 try');
    expect(plural(1_200, 'try', 'tries')).toBe('1,200 tries');
  });
});

describe('a table', () => {
  it('lines columns up by what is seen, not by the codes of colours', () => {
    const c = pc.createColors(true);
    const lines = table(
      ['a', 'b'],
      [
        [c.red('xyz'), '1'],
        ['ü', '2'],
      ],
      undefined,
    ).split('\n');
    expect(lines[2]).toBe('ü    2');
  });

  it('is cut to the width of the terminal', () => {
    expect(table(['a', 'b'], [['x', 'y'.repeat(50)]], 10).split('\n')[1]).toBe('x  yyyyyy…');
  });
});

describe('colours', () => {
  it('are for terminals, and NO_COLOR wins', () => {
    expect(paintsOn({ isTTY: true }, {})).toBe(true);
    expect(paintsOn({}, {})).toBe(false);
    expect(paintsOn({ isTTY: true }, { NO_COLOR: '1', FORCE_COLOR: '1' })).toBe(false);
    expect(paintsOn({ isTTY: true }, { TERM: 'dumb' })).toBe(false);
  });
});

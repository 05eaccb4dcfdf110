import { describe, expect, it } from 'vitest';
import type { Vote } from '../expert.js';
import { createRuleExpert, patternProblem, type RuleMaster } from './index.js';

const masters: RuleMaster[] = [
  {
    name: 'security',
    description: 'Finds and fixes vulnerabilities, scans dependencies, rotates leaked secrets.',
    keywords: ['exploit', 'penetration test'],
    patterns: ['CVE-\\d{4}-\\d{4,}'],
    aliases: ['appsec'],
  },
  { name: 'cicd-master', description: 'Build pipelines, deployments, releases and failing builds.' },
  { name: 'inventory', description: 'Counts stock in warehouses and orders spare parts from suppliers.' },
  { name: 'development', description: 'Writes features, refactors code and reviews pull requests.' },
];

function best(vote: Vote | undefined): string | undefined {
  return Object.entries(vote?.probabilities ?? {}).sort((a, b) => b[1] - a[1])[0]?.[0];
}

function ask(text: string, more: { title?: string; labels?: Record<string, string> } = {}, who = masters): Vote {
  const [vote] = createRuleExpert(who).vote([{ text, ...more }]);
  if (!vote) throw new Error('no vote came back');
  return vote;
}

describe('the rule expert', () => {
  it.each([
    ['@security please look at this', 'security'],
    ['cc @acme/inventory-master for the numbers', 'inventory'],
    ['Assign this to the cicd master, it is about stock', 'cicd-master'],
    ['this one is for the AppSec team', 'security'],
    ['[development] counts of stock in the warehouse look odd', 'development'],
    ['inventory: the pipeline', 'inventory'],
    ['please escalate it to cicd', 'cicd-master'],
  ])('sends "%s" to whom it names', (text, master) => {
    const vote = ask(text);
    expect(best(vote)).toBe(master);
    expect(vote.probabilities[master]).toBeGreaterThan(0.8);
    expect(vote.evidence[0]).toContain(master);
  });

  it('does not send a task to whom it says it is not for', () => {
    const vote = ask('This is not for the security team, a deployment pipeline fails');
    expect(best(vote)).toBe('cicd-master');
  });

  it('takes a mail address for no mention', () => {
    expect(ask('write to someone@security.example').probabilities.security ?? 0).toBeLessThan(0.8);
  });

  it('believes a label that names a master', () => {
    expect(best(ask('look into it', { labels: { team: 'inventory' } }))).toBe('inventory');
  });

  it('finds patterns in text and title, whatever the case, and shows what matched', () => {
    const vote = ask('see the title', { title: 'cve-2026-12345 in the parser' });
    expect(best(vote)).toBe('security');
    expect(vote.evidence.join('\n')).toContain('"cve-2026-12345" matches the pattern CVE-');
  });

  it('finds keywords and phrases in any ending', () => {
    expect(best(ask('two penetration tests were exploited'))).toBe('security');
    expect(ask('a test of nothing').evidence.join()).not.toContain('penetration');
  });

  it('knows a master by its description alone', () => {
    expect(best(ask('the warehouse ran out of spare parts'))).toBe('inventory');
    expect(best(ask('our builds are failing'))).toBe('cicd-master');
    expect(best(ask('scan for a vulnerability'))).toBe('security');
  });

  it('knows masters by nothing but their names', () => {
    const named = ['credit_limit_change', 'PasswordReset', 'flight-status'].map((name) => ({ name }));
    expect(best(ask('i want to change the limit of my credit card', {}, named))).toBe('credit_limit_change');
    expect(best(ask('resetting a password', {}, named))).toBe('PasswordReset');
    expect(ask('good morning', {}, named).abstained).toBe(true);
  });

  it('abstains when nothing speaks for anyone', () => {
    expect(ask('qwerty')).toMatchObject({ abstained: true, probabilities: {}, evidence: [] });
    expect(ask('')).toMatchObject({ abstained: true });
    expect(createRuleExpert([]).vote([{ text: 'anything' }])[0]?.abstained).toBe(true);
  });

  it('gives every master a probability, and all of them sum to one', () => {
    const vote = ask('deployment of a feature');
    expect(Object.keys(vote.probabilities).sort()).toEqual(masters.map(({ name }) => name).sort());
    expect(Object.values(vote.probabilities).reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 9);
    expect(Math.min(...Object.values(vote.probabilities))).toBeGreaterThan(0);
  });

  it('learns typical words from examples and doubts them where they mislead', () => {
    const topics: Record<string, string[]> = {
      fruit: ['apple', 'pear', 'plum', 'cherry', 'quince'],
      tools: ['hammer', 'wrench', 'pliers', 'chisel', 'drill'],
    };
    const examples = (words: string[]) =>
      Array.from({ length: 100 }, (_, k) => `order ${words[k % 5]} and ${words[(k * 3 + 1) % 5]} number ${k}`);
    const clear = Object.entries(topics).map(([name, list]) => ({ name, examples: examples(list) }));
    const sure = ask('a pear or a plum', {}, clear);
    expect(sure.probabilities.fruit).toBeGreaterThan(0.95);
    const all = Object.values(topics).flat();
    let state = 7;
    const anyWord = () => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return all[(state >>> 16) % all.length];
    };
    const noise = ['fruit', 'tools'].map((name) => ({
      name,
      examples: Array.from({ length: 100 }, () => `order ${anyWord()} and ${anyWord()}`),
    }));
    const unsure = ask('a pear or a plum', {}, noise);
    expect(Math.max(0.5, ...Object.values(unsure.probabilities))).toBeLessThan(0.8);
  });

  it('works in scripts without blanks between words', () => {
    const japanese = [
      { name: 'money', description: '請求書と支払いを処理する' },
      { name: 'network', description: 'ネットワーク障害を調査する' },
    ];
    expect(best(ask('請求書が届かない', {}, japanese))).toBe('money');
  });

  it('keeps a broken pattern out, says why, and uses the others', () => {
    const expert = createRuleExpert([
      { name: 'broken', patterns: ['(unclosed', 'back(reference)\\1', 'fine-\\d+'] },
      { name: 'other' },
    ]);
    expect(expert.problems.map(({ pattern }) => pattern)).toEqual(['(unclosed', 'back(reference)\\1']);
    for (const { reason } of expert.problems) expect(reason.length).toBeGreaterThan(5);
    expect(best(expert.vote([{ text: 'see fine-7' }])[0])).toBe('broken');
    expect(patternProblem('a+b')).toBeUndefined();
    expect(patternProblem('a(')).toBeTypeOf('string');
  });

  it('matches a pattern that would hang a backtracking engine', () => {
    const evil = [{ name: 'evil', patterns: ['^(a+)+$'] }, { name: 'other' }];
    expect(ask(`${'a'.repeat(30_000)}!`, {}, evil).probabilities.evil ?? 0).toBeLessThan(0.6);
  });

  it('holds a thousand masters, and names that look like object internals', () => {
    const many: RuleMaster[] = Array.from({ length: 1000 }, (_, k) => ({
      name: `owner-${k}x`,
      keywords: [`gadget${k}`],
    }));
    many.push({ name: '__proto__', keywords: ['prototype'] }, { name: 'constructor', keywords: ['builder'] });
    expect(best(ask('repair gadget617', {}, many))).toBe('owner-617x');
    expect(best(ask('a prototype', {}, many))).toBe('__proto__');
    expect(best(ask('a builder', {}, many))).toBe('constructor');
  });
});

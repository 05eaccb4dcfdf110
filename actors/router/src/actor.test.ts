import { AskFailed, AskTimeout, testServerBinary } from '@cortex/bus';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { routerActor } from './actor.js';
import { best, type Stage, stage } from './testing/stage.js';

const binary = testServerBinary();
if ('missing' in binary) console.warn(`skipped: ${binary.missing}`);

describe.skipIf('missing' in binary)('the router without an encoder', () => {
  let on: Stage;
  beforeAll(async () => {
    on = await stage();
    await on.router({ encoder: 'off' });
  });
  afterAll(() => on?.stop());

  it('answers an ask with the master whose work it is, with odds that sum to one and a reason', async () => {
    const answer = await on.ask('Scan the payments service for a vulnerability');
    expect(best(answer)).toBe('security');
    expect(Object.values(answer.probabilities).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 2);
    expect(answer.confidence).toBe(answer.probabilities.security);
    expect(answer.explanation.join(' ')).toContain('security fits best');
    expect(answer.models.router).toMatch(/^registry@\d+$/);
  });

  it('answers two hundred asks at once, each with its own answer', async () => {
    const texts = Array.from({ length: 200 }, (_, i) =>
      i % 2 === 0 ? `Order stock of part number ${i}` : `Deploy service number ${i}`,
    );
    const answers = await Promise.all(texts.map((text) => on.ask(text)));
    expect(answers.map(best)).toEqual(texts.map((_, i) => (i % 2 === 0 ? 'inventory' : 'cicd')));
  });

  it('chooses only among the masters an ask names, by whatever name', async () => {
    const answer = await on.ask('Scan for a vulnerability before you deploy', { masters: ['cicd-master', 'nobody'] });
    expect(Object.keys(answer.probabilities)).toEqual(['cicd']);
    expect(answer.candidates).toEqual(['cicd']);
  });

  it('abstains when no master that is asked for exists', async () => {
    const answer = await on.ask('Deploy it', { masters: ['nobody'] });
    expect(answer).toMatchObject({ abstain: true, probabilities: {}, confidence: 0, scope: 0, candidates: [] });
  });

  it('answers an ask without a text with an error that names the field', async () => {
    const refused = on.ask(undefined as unknown as string);
    await expect(refused).rejects.toThrow(AskFailed);
    await expect(on.ask(7 as unknown as string)).rejects.toThrow(/task\.text/);
  });

  it('drops an ask whose deadline has passed', async () => {
    await expect(on.ask('Deploy it', { within: -1 })).rejects.toThrow(AskTimeout);
  });

  it('answers an identical text from memory, and says so', async () => {
    const first = await on.ask('Deploy the third candidate');
    const again = await on.ask('Deploy the third candidate');
    expect(first.exit).not.toBe('cache');
    expect(again.exit).toBe('cache');
    expect(again.probabilities).toEqual(first.probabilities);
  });
});

describe('settings of the router', () => {
  it('are refused by name when they make no sense', () => {
    expect(() => routerActor({ batch: 0 })).toThrow(/router settings: batch/);
    expect(() => routerActor({ bacth: 3 } as never)).toThrow(/bacth/);
  });
});

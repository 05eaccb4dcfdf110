import { until } from '@cortex/bus';
import { type Master, masterSchema, type RouteAnswer } from '@cortex/schemas';
import { afterEach, describe, expect, it } from 'vitest';
import { Eligibility } from './eligible.js';
import { EncoderSupply } from './encoder-supply.js';
import type { Panel } from './panel.js';
import { Routing } from './routing.js';
import { encoderOf, panelOf, questionOf, vectorsFor } from './testing/fakes.js';

const MASTERS: Master[] = ['words', 'meaning', 'other'].map((name) => masterSchema.parse({ name }));
let registered = MASTERS;
let revision = 1;
const supplies: EncoderSupply[] = [];

async function routing(
  panel: () => Panel,
  encode: Parameters<typeof encoderOf>[0],
  settings: { earlyExit?: boolean } = {},
) {
  let problem: string | undefined = 'none yet';
  const encoder = new EncoderSupply({
    load: async () => encoderOf(encode),
    onState: (reason) => {
      problem = reason;
    },
    retryMs: 5,
  });
  supplies.push(encoder);
  await until('the encoder is there', () => problem === undefined);
  const failures: unknown[] = [];
  const made = new Routing({
    panel,
    eligibility: new Eligibility({
      list: () => registered,
      find: (name) => registered.find((m) => m.name === name),
      revision: () => revision,
    }),
    encoder,
    remembered: 100,
    earlyExit: settings.earlyExit ?? true,
    marginMs: 5,
    onFailure: (error) => failures.push(error),
  });
  const ask = async (...questions: ReturnType<typeof questionOf>[]) =>
    (await Promise.all(await made.answer(questions))) as RouteAnswer[];
  return { made, ask, encoder, failures, problem: () => problem };
}

afterEach(async () => {
  registered = MASTERS;
  for (const supply of supplies.splice(0)) await supply.close();
});

const isProbe = (texts: readonly string[]) => texts.some((text) => text.startsWith('probe '));
const never = () => new Promise<never>(() => undefined);

describe('the way of an ask', () => {
  it('ends early where the words are sure, and hears everybody where they are not', async () => {
    const { panel, asked } = panelOf({ sure: (text) => text === 'clear' });
    const { ask } = await routing(
      () => panel,
      async (texts) => vectorsFor(texts),
    );
    const [clear, unclear] = await ask(questionOf({ text: 'clear' }), questionOf({ text: 'unclear' }));
    expect(clear).toMatchObject({ exit: 'words', models: { router: 'router@1' } });
    expect(unclear).toMatchObject({ exit: 'encoder', models: { router: 'router@1', encoder: 'fake' } });
    expect(asked).toEqual({ quick: 2, full: 1 });
  });

  it('encodes every ask when leaving early is switched off', async () => {
    const { panel } = panelOf({ sure: () => true });
    const { ask } = await routing(
      () => panel,
      async (texts) => vectorsFor(texts),
      { earlyExit: false },
    );
    expect((await ask(questionOf({ text: 'clear' })))[0]?.exit).toBe('encoder');
  });

  it('does not let those who are sure wait for the encoder of others', async () => {
    const { panel } = panelOf({ sure: (text) => text === 'clear' });
    const { made } = await routing(
      () => panel,
      async (texts) => (isProbe(texts) ? vectorsFor(texts) : never()),
    );
    const [waiting, clear] = await made.answer([
      questionOf({ text: 'unclear' }, 60_000),
      questionOf({ text: 'clear' }),
    ]);
    expect(waiting).toBeInstanceOf(Promise);
    expect(clear).toMatchObject({ exit: 'words' });
  });

  it('never names a master that was removed while the encoder was at work', async () => {
    const { panel } = panelOf();
    let release = () => undefined as undefined;
    const held = new Promise<void>((resolve) => {
      release = () => void resolve();
    });
    const { made } = await routing(
      () => panel,
      async (texts) => {
        if (!isProbe(texts)) await held;
        return vectorsFor(texts);
      },
    );
    const [waiting] = await made.answer([questionOf({ text: 'slow' })]);
    registered = registered.filter(({ name }) => name !== 'meaning');
    revision++;
    release();
    const answer = (await waiting) as RouteAnswer;
    expect(answer.exit).toBe('encoder');
    expect(answer.probabilities).toEqual({ other: 1 });
    expect(answer.abstain).toBe(true);
  });

  it('answers before the deadline with what is there, says so, and lets the encoder drop the text', async () => {
    const { panel } = panelOf();
    let dropped = false;
    const { ask, problem } = await routing(
      () => panel,
      (texts, signal) => {
        if (isProbe(texts)) return Promise.resolve(vectorsFor(texts));
        return new Promise((_, reject) => {
          signal?.addEventListener('abort', () => {
            dropped = true;
            reject(signal.reason);
          });
        });
      },
    );
    const question = questionOf({ text: 'hurry' }, 60);
    const [answer] = await ask(question);
    expect(answer).toMatchObject({ exit: 'deadline', confidence: 0.8 });
    expect(answer?.explanation.join(' ')).toContain('The deadline came before the encoder');
    expect(Date.now()).toBeLessThan(question.deadline + 1_000);
    await until('the text is dropped', () => dropped);
    expect(problem()).toBeUndefined();
  });

  it('works on an identical text once, within a batch and later, and never remembers an answer made in a hurry', async () => {
    const { panel, asked } = panelOf();
    let hang = true;
    const { ask, made } = await routing(
      () => panel,
      (texts) => (hang && !isProbe(texts) ? never() : Promise.resolve(vectorsFor(texts))),
    );
    const [hurried] = await ask(questionOf({ text: 'same' }, 30));
    expect(hurried?.exit).toBe('deadline');
    hang = false;
    const first = await ask(questionOf({ text: 'same' }), questionOf({ text: 'same', id: 'another' }));
    expect(first.map((answer) => answer.exit)).toEqual(['encoder', 'encoder']);
    expect(asked).toEqual({ quick: 2, full: 1 });
    const [again] = await ask(questionOf({ text: 'same' }));
    expect(again?.exit).toBe('cache');
    expect(made.stats()).toMatchObject({ hits: 1, size: 1 });
  });

  it('asks the model anew when it or the masters that may be chosen have changed', async () => {
    let { panel } = panelOf({ identity: 'one' });
    const { ask } = await routing(
      () => panel,
      async (texts) => vectorsFor(texts),
    );
    await ask(questionOf({ text: 'same' }));
    const [fewer] = await ask(questionOf({ text: 'same' }, 10_000, { masters: ['other'] }));
    expect(fewer).toMatchObject({ exit: 'encoder', probabilities: { other: 1 } });
    panel = panelOf({ identity: 'two' }).panel;
    expect((await ask(questionOf({ text: 'same' })))[0]?.exit).toBe('encoder');
    expect((await ask(questionOf({ text: 'same' })))[0]?.exit).toBe('cache');
  });

  it('answers with the words when the encoder crashes, says so, and uses it again once it is back', async () => {
    const { panel } = panelOf();
    let broken = false;
    const { ask, problem } = await routing(
      () => panel,
      async (texts) => {
        if (broken) throw new Error('its thread died');
        return vectorsFor(texts);
      },
    );
    broken = true;
    const [during] = await ask(questionOf({ text: 'a' }));
    expect(during).toMatchObject({ exit: 'no-encoder' });
    expect(during?.explanation.join(' ')).toContain('its thread died');
    expect(problem()).toBe('its thread died');
    broken = false;
    await until('it is back', () => problem() === undefined);
    expect((await ask(questionOf({ text: 'a' })))[0]?.exit).toBe('encoder');
  });

  it('answers with the words when an expert fails, and tells whoever runs it', async () => {
    const { panel } = panelOf();
    const failing = { ...panel, full: () => Promise.reject(new Error('a weight is missing')) };
    const { ask, failures } = await routing(
      () => failing,
      async (texts) => vectorsFor(texts),
    );
    expect((await ask(questionOf({ text: 'a' })))[0]).toMatchObject({ exit: 'no-encoder' });
    expect(failures.map(String)).toEqual(['Error: a weight is missing']);
  });

  it('refuses a malformed ask by its field and answers the others of the batch', async () => {
    const { panel } = panelOf();
    const { made } = await routing(
      () => panel,
      async (texts) => vectorsFor(texts),
    );
    const [bad, good] = await made.answer([questionOf({ text: 5 }), questionOf({ text: 'a' })]);
    expect(bad).toBeInstanceOf(Error);
    expect(String(bad)).toContain('task.text');
    expect(await good).toMatchObject({ exit: 'encoder' });
  });
});

import { beforeAll, describe, expect, it } from 'vitest';
import type { Expert, RouteQuery } from '../experts/expert.js';
import { auroc, expectedCalibrationError } from '../metrics/index.js';
import { type HeldOutAnswer, type RouterModel, trainRouter } from './index.js';
import { makeRows, wordEncoder } from './rows-for-tests.js';

const FOUR = { security: 60, inventory: 60, development: 60, cicd: 60 };
const asQueries = (rows: readonly { text: string }[]) => rows.map(({ text }) => ({ text }));

describe('a router trained on rows', () => {
  const test = makeRows({
    counts: { security: 50, inventory: 50, development: 50, cicd: 50 },
    outsiders: 80,
    seed: 99,
  });
  const labelled = test.filter(({ label }) => label !== null);
  let model: RouterModel;
  beforeAll(async () => {
    const rows = makeRows({ counts: FOUR, outsiders: 40, seed: 1 });
    model = await trainRouter({ masters: [], rows, encoder: wordEncoder(), seed: 7 });
  });

  it('finds the right master, with and without the cascade', async () => {
    for (const useCascade of [true, false]) {
      const results = await model.route(asQueries(labelled), { useCascade });
      const right = results.filter(({ master }, i) => master === labelled[i]!.label).length;
      expect(right / labelled.length).toBeGreaterThan(0.93);
    }
  });

  it('tells what it says of each training row by voices that never saw its label', async () => {
    const rows = makeRows({ counts: FOUR, outsiders: 0, seed: 1 });
    // Every label of one master is wrong in a way that only learning by heart could repeat.
    const spoilt = rows.map((row, i) => (i % 10 === 0 ? { ...row, label: 'inventory' } : row));
    let answers: readonly HeldOutAnswer[] = [];
    await trainRouter({ masters: [], rows: spoilt, seed: 7, onHeldOut: (found) => (answers = found) });
    expect(answers).toHaveLength(rows.length);
    expect(answers.filter(({ row, master }) => master === rows[row]!.label).length / rows.length).toBeGreaterThan(0.85);
    for (const { odds, confidence, master } of answers) expect(odds[master]).toBe(confidence);
  });

  it('learns from what failed whose it is not, and tells of such tasks too by voices that did not see them', async () => {
    const rows = makeRows({ counts: FOUR, outsiders: 0, seed: 1 });
    const wrong = rows[0]!.label!;
    const refusals = ['zebra crossing', 'zebra stripes', 'a zebra', 'the zebra again', 'zebra zebra'].map((text) => ({
      text,
      label: null,
      not: wrong,
    }));
    // In front of the others: places are those of the rows that were given.
    const given = [...refusals, ...rows];
    let answers: readonly HeldOutAnswer[] = [];
    const taught = await trainRouter({ masters: [], rows: given, seed: 7, onHeldOut: (found) => (answers = found) });
    const plain = await trainRouter({ masters: [], rows, seed: 7 });
    const odds = async (of: RouterModel, text: string) => (await of.route([{ text }]))[0]!.probabilities[wrong]!;
    expect(await odds(taught, 'zebra')).toBeLessThan(await odds(plain, 'zebra'));
    expect(new Set(answers.map(({ row }) => row)).size).toBe(given.length);
    const labelledAnswers = answers.filter(({ row }) => row >= refusals.length);
    const right = labelledAnswers.filter(({ row, master }) => master === given[row]!.label).length;
    expect(right / rows.length).toBeGreaterThan(0.9);
    // No examples of "no master fits".
    expect(taught.state.data.outsiders).toBe(0);
  });

  it('gives odds that add up to one and come true', async () => {
    const results = await model.route(asQueries(labelled));
    for (const { probabilities } of results) {
      expect(Object.values(probabilities).reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 6);
    }
    const right = results.map(({ master }, i) => master === labelled[i]!.label);
    expect(
      expectedCalibrationError(
        results.map(({ confidence }) => confidence),
        right,
      ),
    ).toBeLessThan(0.06);
  });

  it('tells tasks that no master fits from the others, and abstains on most of them with the reason', async () => {
    const results = await model.route(asQueries(test));
    expect(
      auroc(
        results.map(({ scope }) => scope),
        test.map(({ label }) => label !== null),
      ),
    ).toBeGreaterThan(0.95);
    const outside = results.filter((_, i) => test[i]!.label === null);
    const refused = outside.filter(({ abstain_reason }) => abstain_reason === 'out-of-scope');
    expect(refused.length / outside.length).toBeGreaterThan(0.8);
    expect(refused[0]!.explanation.join(' ')).toContain('no master fits');
  });

  it('names candidates for every task, the right one among them nine times in ten', async () => {
    const results = await model.route(asQueries(labelled));
    expect(results.every(({ candidates }) => candidates.length > 0)).toBe(true);
    const covered = results.filter(({ candidates }, i) => candidates.includes(labelled[i]!.label!)).length;
    expect(covered / labelled.length).toBeGreaterThanOrEqual(0.9);
  });

  it('leaves without the encoder when the words are sure, and says so', async () => {
    const encoder = model.encoder as ReturnType<typeof wordEncoder>;
    const before = encoder.calls;
    const [sure] = await model.route([
      { text: 'please scan for the vulnerability cve exploit patch audit breach firewall' },
    ]);
    expect(sure!.exit).toBe('words');
    expect(sure!.explanation.join(' ')).toContain('encoder was not asked');
    expect(encoder.calls).toBe(before);
    const [doubtful] = await model.route([{ text: 'xylophone zebra quasar' }]);
    expect(doubtful!.exit).toBe('full');
    expect(encoder.calls).toBe(before + 1);
  });

  it('decides by words when the encoder fails or time is up, and never throws', async () => {
    const broken = { ...wordEncoder(), encode: () => Promise.reject(new Error('the thread died')) };
    const { RouterModel: Model } = await import('./index.js');
    const failing = Model.assemble(model.state, model.voices, model.profiles, broken);
    const [answer] = await failing.route([{ text: 'xylophone zebra quasar' }]);
    expect(answer!.exit).toBe('words');
    expect(answer!.explanation.join(' ')).toContain('the thread died');
    const [late] = await model.route([{ text: 'xylophone zebra quasar' }], { deadline: Date.now() - 1 });
    expect(late!.explanation.join(' ')).toContain('no time left');
  });

  it('follows an outright address, whatever the words say', async () => {
    const [result] = await model.route([{ text: '@inventory deploy the build pipeline release' }]);
    expect(result).toMatchObject({ master: 'inventory', method: 'rule', exit: 'rule' });
  });

  it('never chooses a master that is not allowed, and does not hand its share to the others', async () => {
    const text = 'please scan for the vulnerability cve exploit patch audit breach firewall';
    const masters = ['inventory', 'development', 'cicd'];
    const [result] = await model.route([{ text }], { masters });
    expect(Object.keys(result!.probabilities).sort()).toEqual(masters.sort());
    expect(result!.scope).toBeLessThan(0.2);
    expect(result!.abstain).toBe(true);
    const [none] = await model.route([{ text }], { masters: [] });
    expect(none).toMatchObject({ master: null, abstain: true, abstain_reason: 'no-master', candidates: [] });
  });

  it('finds a master that registered a minute ago by its description, and forgets a removed one', async () => {
    const legal = { name: 'legal', description: 'contract clause licence copyright lawyer dispute' };
    const wider = await model.withMasters([...model.state.masters, legal]);
    const [asked] = await wider.route([{ text: 'the lawyer needs the contract clause for our licence dispute' }]);
    expect(asked!.master).toBe('legal');
    const [usual] = await wider.route([{ text: 'deploy the build pipeline and release the artifact' }]);
    expect(usual!.master).toBe('cicd');
    const narrower = await wider.withMasters(wider.state.masters.filter(({ name }) => name !== 'legal'));
    const [again] = await narrower.route([{ text: 'the lawyer needs the contract clause for our licence dispute' }]);
    expect(again!.probabilities).not.toHaveProperty('legal');
  });

  it('gives the same router for the same seed', async () => {
    const rows = makeRows({ counts: { security: 30, cicd: 30 }, seed: 5 });
    const train = () => trainRouter({ masters: [], rows, encoder: wordEncoder(), seed: 3 });
    const [a, b] = [await train(), await train()];
    const plain = (model: RouterModel) => JSON.stringify({ ...model.state, trained_at: '' });
    expect(plain(a)).toBe(plain(b));
    const [first, second] = [await a.route(asQueries(rows)), await b.route(asQueries(rows))];
    expect(first.map((r) => r.probabilities)).toEqual(second.map((r) => r.probabilities));
  });
});

describe('with little to learn from', () => {
  it('works from descriptions alone', async () => {
    const masters = [
      { name: 'security', description: 'vulnerability scan, firewall, breach and audit' },
      { name: 'cicd', description: 'pipeline, build, deploy and release' },
    ];
    for (const encoder of [wordEncoder(), undefined]) {
      const model = await trainRouter({ masters, rows: [], encoder });
      const results = await model.route([{ text: 'audit the firewall' }, { text: 'release the build' }]);
      expect(results.map(({ master }) => master)).toEqual(['security', 'cicd']);
      expect(model.state.notes.join(' ')).toContain('no training rows');
    }
  });

  it('takes registered examples for rows', async () => {
    const masters = [
      { name: 'a', examples: ['water the plants', 'cut the hedge', 'plant a tree'] },
      { name: 'b', examples: ['fry an egg', 'boil potatoes', 'bake bread'] },
    ];
    const model = await trainRouter({ masters, rows: [], encoder: wordEncoder() });
    const results = await model.route([{ text: 'bake an egg' }, { text: 'plant a hedge' }]);
    expect(results.map(({ master }) => master)).toEqual(['b', 'a']);
  });

  it('says that it has no encoder and still routes', async () => {
    const model = await trainRouter({ masters: [], rows: makeRows({ counts: FOUR, seed: 1 }) });
    expect(model.state.notes.join(' ')).toContain('no encoder');
    const [result] = await model.route([{ text: 'scan for the vulnerability' }]);
    expect(result).toMatchObject({ master: 'security', exit: 'words' });
  });

  it('survives one master, one row a master, and a label that only masters know', async () => {
    const single = await trainRouter({ masters: [], rows: makeRows({ counts: { security: 20 }, seed: 2 }) });
    expect((await single.route([{ text: 'scan' }]))[0]!.master).toBe('security');
    const rows = makeRows({ counts: { security: 1, cicd: 1 }, seed: 3, clarity: 1 });
    const masters = [{ name: 'legal', description: 'contract clause lawyer' }];
    const scarce = await trainRouter({ masters, rows, encoder: wordEncoder() });
    expect(scarce.masters.sort()).toEqual(['cicd', 'legal', 'security']);
    expect(scarce.state.notes.join(' ')).toContain('priors');
    const answers = await scarce.route([{ text: rows[0]!.text }, { text: 'lawyer contract clause' }]);
    expect(answers.map(({ master }) => master)).toEqual(['security', 'legal']);
  });

  it('keeps a rare label findable among fifty times as many others', async () => {
    const counts = { security: 8, inventory: 400, development: 400 };
    const model = await trainRouter({ masters: [], rows: makeRows({ counts, seed: 4 }), encoder: wordEncoder() });
    const rare = makeRows({ counts: { security: 40 }, seed: 77 });
    const results = await model.route(asQueries(rare));
    expect(results.filter(({ master }) => master === 'security').length / rare.length).toBeGreaterThan(0.7);
  });

  it('learns what is out of scope from labels left out when nobody gave examples', async () => {
    const counts = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`topic${i}`, 30]));
    const model = await trainRouter({ masters: [], rows: makeRows({ counts, seed: 6 }), encoder: wordEncoder() });
    expect(model.state.words.scope.outsiders).toBe('left-out');
    const inside = makeRows({ counts, seed: 60 }).slice(0, 80);
    const outside = makeRows({ counts: {}, outsiders: 80, seed: 61 });
    const results = await model.route(asQueries([...inside, ...outside]), { useCascade: false });
    expect(
      auroc(
        results.map(({ scope }) => scope),
        results.map((_, i) => i < 80),
      ),
    ).toBeGreaterThan(0.9);
  });
});

describe('an outside expert', () => {
  const oracle = (wrong: boolean) => ({
    name: 'neural',
    needsEmbedding: false,
    make: (): Expert => ({
      name: 'neural',
      needsEmbedding: false,
      vote: (queries: readonly RouteQuery[]) =>
        queries.map(({ text }) => {
          const even = text.length % 2 === 0;
          const sure = { a: even === wrong ? 0.02 : 0.98, b: even === wrong ? 0.98 : 0.02 };
          return { probabilities: sure, abstained: false, latency_ms: 0, evidence: ['counted letters'] };
        }),
    }),
  });
  const rows = Array.from({ length: 80 }, (_, i) => {
    const text = `task ${'x'.repeat(1 + ((i * 7) % 40))}`;
    return { text, label: text.length % 2 === 0 ? 'a' : 'b' };
  });

  it('is listened to when it knows what the others cannot', async () => {
    const model = await trainRouter({ masters: [], rows, encoder: wordEncoder(), experts: [oracle(false)] });
    const results = await model.route(asQueries(rows), { useCascade: false });
    expect(results.filter(({ master }, i) => master === rows[i]!.label).length / rows.length).toBeGreaterThan(0.95);
    expect(results[0]!.experts.map(({ name }) => name)).toContain('neural');
  });
});

// A prompt changes itself, by the test alone: proposed from outcomes, tried by shares of the tasks, promoted when better, rolled back when worse.
import { writeFileSync } from 'node:fs';
import { openPrompts, until } from '@cortex/bus';
import { describeOnServer } from '@cortex/bus/testing';
import { judgementOf } from '@cortex/models';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readingBrain, readPrompt } from './brain.js';
import { type Brain, type OpenAiServer, type Said, startOpenAi } from './openai-server.js';
import { type Stage, startStage, textContext } from './stage.js';
import { trialPicture, trialsOf } from './trial-picture.js';

const THINGS = ['anchor', 'basket', 'candle', 'drawer', 'engine', 'funnel', 'garden', 'hammer', 'island', 'jacket'];
const DOCUMENTS = THINGS.map((thing, i) => ({
  source: `docs/${thing}.md`,
  text: `The ${thing} weighs ${i + 3} stone and stands upstairs.`,
}));

/** Forgets to cite in most tasks unless a rule says that it must, and gives up where a rule tells it to hesitate. By the task's text, so repeatable. */
const careless: Brain = (request, call) => {
  const said = readingBrain(request, call) as Said;
  const { blocks, all } = readPrompt(request);
  const task = blocks.find((block) => block.kind === 'task')?.text ?? '';
  const luck = [...task].reduce((sum, c) => (sum * 31 + c.charCodeAt(0)) % 997, 7) / 997;
  const [report] = said.calls ?? [];
  if (report?.name !== 'report') return said;
  const args = report.args as Record<string, unknown>;
  if (all.includes('Hesitate') && luck < 0.8) return { calls: [{ ...report, args: { ...args, done: false } }] };
  if (!all.includes('Cite the number of every piece') && luck < 0.6)
    return { calls: [{ ...report, args: { ...args, citations: [] } }] };
  return said;
};

describeOnServer('prompts on trial', (suite) => {
  let server: OpenAiServer;
  let stage: Stage;
  let n = 0;
  beforeAll(async () => {
    server = await startOpenAi(careless);
    stage = await startStage(suite);
    const llm = { baseUrl: server.url, model: 'scripted-1', cache: false, plan: 'never' as const, reflections: 0 };
    // Two workers keep the same prompts: every outcome counts once all the same.
    for (const name of ['w-1', 'w-2'])
      await stage.worker(llm, {
        name,
        context: textContext(DOCUMENTS),
        concurrency: 2,
        keeper: { everyMs: 300, least: 20, share: 0.5 },
      });
  });
  afterAll(async () => {
    await stage?.close();
    await server?.close();
  });

  /** More tasks, ten at a time, until it is enough. */
  async function more(what: string, enough: () => Promise<boolean>): Promise<void> {
    for (const end = n + 400; !(await enough()); ) {
      if (n >= end) throw new Error(`${n} tasks and still not: ${what}`);
      const batch = Array.from({ length: 10 }, () => n++);
      for (const i of batch)
        await stage.submit({
          id: `trial-${i}`,
          text: `How many stone weighs the ${THINGS[i % THINGS.length]} upstairs? (${i})`,
        });
      for (const i of batch) await stage.outcome(`trial-${i}`, 60_000);
    }
  }

  it('a better one is proposed from outcomes and promoted; a worse one is rolled back; production moves by the test alone', {
    timeout: 240_000,
  }, async () => {
    const prompts = await openPrompts(stage.bus);
    const events = async () =>
      ((await prompts.head('question'))?.history ?? []).map(({ event, version }) => `${event} ${version}`);
    await more('promoted', async () => (await events()).includes('promoted 2'));
    const proposed = await prompts.version('question', 2);
    expect(proposed).toMatchObject({ by: 'cortex', parent: 1 });
    expect(proposed.changelog).toMatch(/no-evidence in \d+ of \d+ tasks: a rule against it/);
    expect(await events()).toEqual(['added 1', 'production 1', 'added 2', 'candidate 2', 'promoted 2']);

    const { version: _v, by: _b, at: _a, sha256: _s, parent: _p, ...body } = proposed;
    await prompts.add(
      { ...body, rules: [...body.rules, 'Hesitate before every answer.'], changelog: 'more caution' },
      'a person',
    );
    await prompts.assign('question', { label: 'candidate', version: 3, share: 0.5, by: 'a person' });
    let picture = '';
    await more('rolled back', async () => {
      const [head, stored] = [await prompts.head('question'), await prompts.trial('question')];
      const judged = head && stored && judgementOf(head, stored.trial);
      if (judged) picture = judged.why;
      return (await events()).includes('rolled-back 3');
    });
    const head = await until('the head', () => prompts.head('question'));
    expect(head.production).toBe(2);
    expect(head.candidate).toBeUndefined();
    expect(head.history.at(-1)?.reason).toMatch(/worse: @3 \d+ of \d+ against @2 \d+ of \d+/);
    // The picture of both, from the record itself; kept where somebody asks for it (docs/results/prompts.svg).
    const stored = await until('the record', () => prompts.trial('question'));
    const drawn = trialsOf(head, stored.trial);
    expect(drawn.map(({ candidate, production, ended }) => `@${candidate} against @${production}: ${ended}`)).toEqual([
      '@2 against @1: promoted',
      '@3 against @2: rolled-back',
    ]);
    expect(drawn.map(({ steps }) => steps.find(({ verdict }) => verdict !== 'wait')?.verdict)).toEqual([
      'promote',
      'roll-back',
    ]);
    if (process.env.CORTEX_PICTURE) writeFileSync(process.env.CORTEX_PICTURE, trialPicture('question', drawn));
    process.stderr.write(
      `prompts: ${n} tasks; ${head.history.map((h) => `${h.event} @${h.version} (${h.reason ?? ''})`).join('; ')}; last picture: ${picture}\n`,
    );
  });

  it('every settled outcome was counted once, by whichever worker', async () => {
    const prompts = await openPrompts(stage.bus);
    const counted = await until('all counted', async () => {
      const outcomes = (await prompts.trial('question'))?.trial.outcomes ?? [];
      return outcomes.length >= n ? outcomes : undefined;
    });
    expect(counted.length).toBe(n);
    expect(new Set(counted.map(({ task }) => task)).size).toBe(n);
  });

  it('the audit trail tells of each move, with its evidence', async () => {
    const kinds: string[] = [];
    const stream = stage.bus.subjects.stream('ACTIONS');
    const { state } = await stage.bus.jsm.streams.info(stream);
    for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
      const action = (await stage.bus.jsm.streams.getMessage(stream, { seq }))?.json<{
        kind: string;
        evidence?: { needed?: number };
      }>();
      if (action) kinds.push(`${action.kind}${action.evidence?.needed === undefined ? '' : ' with evidence'}`);
    }
    expect(kinds).toEqual(['propose-prompt', 'promote-prompt with evidence', 'withdraw-prompt with evidence']);
  });
});

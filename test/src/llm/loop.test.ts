// The whole loop: a real librarian over a real index, a worker, a server that computes. With context tasks succeed, without it they fail, and
// what is retrieved costs far less than pasting whole files.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { indexFolder, Library, librarianActor, openSource } from '@cortex/actor-librarian';
import { type ContextSource, resolveLlm } from '@cortex/actor-worker';
import { createAsker, type RunningActor, runActor, silentLogger, watchPresence } from '@cortex/bus';
import { describeOnServer } from '@cortex/bus/testing';
import { type Encoder, loadEncoder, openAiEncoder } from '@cortex/models';
import { contextAnswerSchema, type Outcome } from '@cortex/schemas';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readingBrain } from './brain.js';
import { type Fact, makeCorpus } from './corpus.js';
import { type OpenAiServer, startOpenAi } from './openai-server.js';
import { noContext, type Stage, startStage } from './stage.js';

const encoderFolder =
  process.env.CORTEX_ENCODER && process.env.CORTEX_ENCODER !== 'none' ? process.env.CORTEX_ENCODER : undefined;

describeOnServer('the whole loop', (suite) => {
  let folder: string;
  let facts: Fact[];
  let server: OpenAiServer;
  let librarian: RunningActor;
  let encoder: Encoder | undefined;
  let stage: Stage;
  const results: Record<string, { done: number; tokens: number }> = {};
  const llm = () => ({
    baseUrl: server.url,
    model: 'scripted-1',
    cache: false,
    plan: 'never' as const,
    reflections: 0,
  });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cortex-loop-'));
    facts = makeCorpus(join(folder));
    encoder = encoderFolder ? await loadEncoder(encoderFolder) : undefined;
    server = await startOpenAi(readingBrain, encoder);
    const shelf = join(folder, '.shelf');
    const library = await Library.open({ folder: shelf });
    await indexFolder(await openSource(folder, 'acme/works'), { store: library.store, encoder });
    await library.close();
    librarian = await runActor(
      librarianActor({ folder: shelf, encoder: encoderFolder ?? '', milvus: '', patterns: false }),
      await suite.connect({ name: 'librarian' }),
      { log: silentLogger },
    );
  }, 180_000);
  afterAll(async () => {
    await librarian?.drain(2_000);
    await server?.close();
    await encoder?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Every question as a task; how many were answered rightly, with a citation of the right file, and what it cost. */
  async function askAll(name: string, context?: ContextSource, contextTokens = 1_500): Promise<void> {
    stage = await startStage(suite);
    try {
      await stage.worker(
        { ...llm(), contextTokens, contextWaitMs: 20_000 },
        { concurrency: 2, keeper: { propose: false }, ...(context ? { context } : {}) },
      );
      for (const [i, fact] of facts.entries()) await stage.submit({ id: `${name}-${i}`, text: fact.question });
      let [done, tokens] = [0, 0];
      for (const [i, fact] of facts.entries()) {
        const outcome: Outcome = await stage.outcome(`${name}-${i}`, 60_000);
        tokens += outcome.tokens ?? 0;
        const right =
          String(outcome.answer ?? '').includes(fact.answer) &&
          (outcome.evidence ?? []).some((e) => e.ref?.includes(fact.file));
        if (outcome.success && right) done++;
      }
      results[name] = { done, tokens };
    } finally {
      await stage.close();
    }
  }

  it('with context the tasks succeed, without it they fail', { timeout: 240_000 }, async () => {
    await askAll('with');
    await askAll('without', noContext);
    expect(results.with?.done, JSON.stringify(results)).toBe(facts.length);
    expect(results.without?.done, JSON.stringify(results)).toBe(0);
  });

  it('costs at least 30 % fewer tokens than pasting the whole files, at equal success', {
    timeout: 240_000,
  }, async () => {
    const bus = await suite.connect();
    const presence = watchPresence(bus);
    const asker = createAsker(bus, presence);
    const pasted: ContextSource = {
      async context(task, budget) {
        const question = { kind: 'context', task, budget_tokens: budget };
        const answer = await asker.ask('librarian', question, contextAnswerSchema, Date.now() + 20_000);
        const whole = new Map<string, (typeof answer.pieces)[number]>();
        for (const piece of answer.pieces) {
          const text = await readFile(join(folder, piece.source), 'utf8');
          const { lines: _lines, ...rest } = piece;
          if (!whole.has(piece.source))
            whole.set(piece.source, { ...rest, text, hash: `${whole.size}`.padStart(64, '0') });
        }
        return { ...answer, pieces: [...whole.values()] };
      },
      close: () => undefined,
    };
    await askAll('pasted', pasted, 40_000);
    asker.close();
    presence.close();
    const saved = 1 - (results.with?.tokens ?? 0) / (results.pasted?.tokens ?? 1);
    process.stderr.write(`llm loop: ${JSON.stringify(results)}, saved ${(saved * 100).toFixed(0)} %\n`);
    expect(results.pasted?.done).toBe(results.with?.done);
    expect(saved).toBeGreaterThanOrEqual(0.3);
  });

  it('the memory finds lessons by meaning, over the embeddings of the same server', {
    timeout: 60_000,
  }, async (context) => {
    if (!encoder) return context.skip('no encoder');
    const remote = openAiEncoder({
      baseUrl: server.url,
      model: 'scripted-1',
      apiKey: 'none',
      dimensions: encoder.dimensions,
    } as never);
    const [there] = await remote.encode(['raise the limit']);
    const [here] = await encoder.encode(['raise the limit']);
    expect([...(there ?? [])].map((x) => x.toFixed(4))).toEqual([...(here ?? [])].map((x) => x.toFixed(4)));
    expect(resolveLlm({ ...llm(), encoder: remote }).encoder?.dimensions).toBe(encoder.dimensions);
    await remote.close();
  });
});

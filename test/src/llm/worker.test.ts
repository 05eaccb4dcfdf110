// Promises of the LLM worker, against a real server that streams, and a real coordinator.
import { describeOnServer } from '@cortex/bus/testing';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { readingBrain } from './brain.js';
import { type OpenAiServer, startOpenAi } from './openai-server.js';
import { noContext, type Stage, startStage, textContext } from './stage.js';

const DOCUMENTS = [
  {
    source: 'docs/retries.md',
    text: [
      '# Retries',
      '',
      'The upload service retries a failed chunk seven times.',
      'Between two tries it waits two seconds.',
    ].join('\n'),
  },
  {
    source: 'docs/limits.md',
    text: 'Largest attachment of a ticket: forty megabytes.\nOlder ones are archived after ninety days.',
  },
];

describeOnServer('the LLM worker', (suite) => {
  let server: OpenAiServer;
  let stage: Stage;
  beforeAll(async () => {
    server = await startOpenAi(readingBrain);
  });
  afterEach(async () => {
    await stage?.close();
    server.think(readingBrain);
  });
  afterAll(() => server.close());
  const llm = () => ({ baseUrl: server.url, model: 'scripted-1' });

  it('does a task from its context, with a citation that exists, its prompt version and its cost', async () => {
    stage = await startStage(suite);
    await stage.worker({ ...llm(), price: { input: 1, output: 4 } }, { context: textContext(DOCUMENTS) });
    const outcome = await stage.done({ id: 'retries', text: 'How often retries the upload service a failed chunk?' });
    expect(outcome).toMatchObject({ status: 'completed', success: true, prompt: 'question@1' });
    expect(outcome.answer).toContain('seven times');
    expect(outcome.evidence?.[0]).toMatchObject({ kind: 'citation', ref: 'docs/retries.md:1-4' });
    expect(outcome.tokens).toBe(server.charged().input + server.charged().output);
    expect(outcome.cost_usd).toBeGreaterThan(0);
  });

  it('does not complete a task without evidence, and says what was missing', async () => {
    stage = await startStage(suite);
    await stage.worker(llm(), { context: noContext });
    const outcome = await stage.done({ id: 'unknown', text: 'How large may an attachment of a ticket be?' });
    expect(outcome).toMatchObject({ status: 'failed', success: false });
    expect(outcome.error).toMatch(/not accepted after 3 rounds/);
    expect(outcome.context).toMatchObject({ missing: 'no librarian is running' });
  });
});

// A store that is away: nothing waits for it. Tasks are routed and done without context, and everybody is told.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { librarianActor } from '@cortex/actor-librarian';
import { createAsker, openMemory, runActor, silentLogger, taskLog, until, watchPresence } from '@cortex/bus';
import { describeOnServer } from '@cortex/bus/testing';
import { searchAnswerSchema } from '@cortex/schemas';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startOpenAi } from '../llm/openai-server.js';
import { startStage } from '../llm/stage.js';

describeOnServer('a librarian whose store is away', (suite) => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cortex-away-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('leaves routing and work going on without context, says so, and takes up again', {
    timeout: 120_000,
  }, async () => {
    const shelf = join(folder, 'shelf');
    // Where the index should lie stands a file: it cannot be opened.
    await writeFile(shelf, 'no index');
    const server = await startOpenAi(() => ({
      calls: [{ name: 'report', args: { done: true, answer: 'Done from memory.', citations: [] } }],
    }));
    const stage = await startStage(suite);
    const librarian = await runActor(
      librarianActor({ folder: shelf, encoder: '', milvus: '' }),
      await suite.connect({ name: 'librarian' }),
      { log: silentLogger },
    );
    const presence = watchPresence(stage.bus);
    try {
      await until('a librarian', () => presence.alive('librarian'));
      const model = { baseUrl: server.url, model: 'scripted-1', contextWaitMs: 20_000 };
      const llm = { ...model, cache: false, plan: 'never' as const, evidence: false };
      await stage.worker(llm);
      const text = 'The upload service loses a chunk';
      // Not pinned: the master is found by its own patterns.
      const outcome = await stage.done({ id: 'away-1', text, master: undefined } as never, 60_000);
      expect(outcome).toMatchObject({ success: true, answer: 'Done from memory.' });
      expect((outcome.context as { missing?: string }).missing).toMatch(/shelf/);
      expect((outcome.explanation as string[]).join('\n')).toContain('without context');
      expect((await taskLog(stage.bus).last('away-1'))?.record.decision?.master).toBe('development');
      await until('a degraded librarian', () => librarian.state() === 'degraded');
      expect(librarian.detail()).toContain('store');
      await until('that others know', () =>
        presence.list().some(({ actor, state }) => actor === 'librarian' && state === 'degraded'),
      );

      // A lesson that is proven meanwhile is not lost.
      const at = new Date().toISOString();
      await (await openMemory(stage.bus)).putLesson({
        id: 'meanwhile',
        key: 'k',
        master: 'development',
        task_type: 'general',
        about: text,
        lesson: 'Look at the retries',
        worked: true,
        source: 'person',
        trust: 'own',
        shared: true,
        proven: true,
        shared_by: 'person',
        used: 0,
        useful: 0,
        useless: 0,
        learned_at: at,
        confirmed_at: at,
      });
      await rm(shelf);
      await mkdir(shelf);
      const asker = createAsker(stage.bus, presence);
      const ask = () =>
        asker.ask(
          'librarian',
          { kind: 'search', query: text, collections: ['patterns'] },
          searchAnswerSchema,
          Date.now() + 10_000,
        );
      await until(
        'the lesson among the patterns',
        async () => (await ask().catch(() => undefined))?.hits.some(({ source }) => source.endsWith('/meanwhile')),
        60_000,
      );
      asker.close();
      const again = await stage.done({ id: 'back-1', text }, 60_000);
      expect((again.context as { missing?: string }).missing).toBeUndefined();
      await until('a healthy librarian', () => librarian.state() === 'ready');
    } finally {
      presence.close();
      await stage.close();
      await librarian.drain(2_000);
      await server.close();
    }
  });
});

// A lesson of one worker, over its whole life: private, proven on outcomes, a pattern that another master's worker retrieves, corrected, gone.
// Real librarian, real memory, real workers; only the model is scripted.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { indexFolder, Library, librarianActor, openSource } from '@cortex/actor-librarian';
import { createAsker, type Memory, openMemory, runActor, silentLogger, until, watchPresence } from '@cortex/bus';
import { describeOnServer } from '@cortex/bus/testing';
import { supersedes } from '@cortex/models';
import { type Lesson, type Outcome, searchAnswerSchema } from '@cortex/schemas';
import { afterAll, expect, it } from 'vitest';
import { readPrompt } from './brain.js';
import { startOpenAi } from './openai-server.js';
import { startStage } from './stage.js';

const LEARNED = 'The upload service counts retries per chunk, not per file';

describeOnServer('a lesson', (suite) => {
  const folders: string[] = [];
  afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

  it('of one worker becomes a pattern that others retrieve once outcomes prove it, and none any more once it is corrected', {
    timeout: 120_000,
  }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cortex-lesson-'));
    folders.push(folder);
    const shelf = join(folder, '.shelf');
    await writeFile(
      join(folder, 'retries.md'),
      '# Retries\n\nThe upload service retries a failed chunk seven times.\n',
    );
    const library = await Library.open({ folder: shelf });
    await indexFolder(await openSource(folder, 'acme/works'), { store: library.store, encoder: undefined });
    await library.close();
    const server = await startOpenAi(() => ({ text: '' }));
    const stage = await startStage(suite, ['development', 'security']);
    const librarian = await runActor(
      librarianActor({ folder: shelf, encoder: '', milvus: '' }),
      await suite.connect({ name: 'librarian' }),
      { log: silentLogger },
    );
    const presence = watchPresence(stage.bus);
    const asker = createAsker(stage.bus, presence);
    try {
      const memory = await openMemory(stage.bus);
      await until('a librarian', () => presence.alive('librarian'));
      let tasks = 0;
      // Cites what it is given; says what it learned at its first task only.
      server.think((request) => {
        const { blocks } = readPrompt(request);
        const cited = blocks.flatMap(({ id }) => id ?? []).slice(0, 1);
        const lesson = tasks++ === 0 ? { lesson: LEARNED } : {};
        return {
          calls: [{ name: 'report', args: { done: true, answer: 'Seven times.', citations: cited, ...lesson } }],
        };
      });
      const llm = { baseUrl: server.url, model: 'scripted-1', cache: false, plan: 'never' as const };
      await stage.worker({ ...llm, contextWaitMs: 20_000 }, { master: 'development' });
      await stage.worker({ ...llm, contextWaitMs: 20_000 }, { master: 'security' });
      const ask = (id: string, master: string): Promise<Outcome> =>
        stage.done({ id, master, text: `How often retries the upload service a failed chunk? (${id})` }, 60_000);
      const shared = async () =>
        (
          await asker.ask(
            'librarian',
            { kind: 'search', query: 'upload retries chunk', collections: ['patterns'] },
            searchAnswerSchema,
            Date.now() + 10_000,
          )
        ).hits.filter(({ source }) => source.startsWith('lesson:'));
      const only = async (of: Memory): Promise<Lesson | undefined> => (await of.lessons('development'))[0];

      expect(await ask('one', 'development')).toMatchObject({ success: true });
      expect(await until('the lesson', () => only(memory))).toMatchObject({
        lesson: LEARNED,
        trust: 'known',
        shared: false,
        used: 0,
      });
      // Two successes are not enough: nobody else sees it.
      for (const id of ['two', 'three']) await ask(id, 'development');
      expect(
        await until('two uses', async () => ((await only(memory))?.used === 2 ? only(memory) : undefined)),
      ).toEqual(expect.objectContaining({ proven: false, shared: false }));
      expect(await shared()).toEqual([]);
      await ask('four', 'development');
      const [pattern] = await until('the pattern', async () => {
        const found = await shared();
        return found.length > 0 ? found : undefined;
      });
      const lesson = (await only(memory)) as Lesson;
      expect(pattern).toMatchObject({ trust: 'known', repository: 'development', kind: 'lesson' });
      expect(pattern?.source).toBe(`lesson:development/${lesson.id}`);
      expect(pattern?.text).toContain('there at 3 tasks, of which 3 went well (53 % to 100 %)');

      // Another master's worker gets it once: from its memory, or where that does not bring it up from the librarian.
      const elsewhere = await stage.done(
        { id: 'five', master: 'security', text: 'Does the upload service count a chunk that fails, and its retries?' },
        60_000,
      );
      const seen = JSON.stringify(server.requests.at(-1)).split(LEARNED).length - 1;
      expect(seen, JSON.stringify(elsewhere.explanation)).toBe(1);
      await until('its fourth use', async () => (await only(memory))?.used === 4);

      // A person's correction: the old word is found no more, by anybody.
      const at = new Date().toISOString();
      const { superseded_by: _, ...rest } = lesson;
      const corrected: Lesson = { ...rest, id: 'corrected', source: 'person', lesson: 'Per file', learned_at: at };
      expect(supersedes(corrected, lesson)).toBe(true);
      await memory.changeLesson('development', lesson.id, (one) => ({ ...one, superseded_by: 'corrected' }));
      await memory.putLesson({ ...corrected, shared: true, proven: true, shared_by: 'person', confirmed_at: at });
      await until('the correction', async () => {
        const found = await shared();
        return found.length === 1 && found[0]?.text.startsWith('Per file');
      });
      await memory.forgetLesson('development', 'corrected');
      await until('nothing', async () => (await shared()).length === 0);
    } finally {
      asker.close();
      presence.close();
      await stage.close();
      await librarian.drain(2_000);
      await server.close();
    }
  });
});

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bus, createAsker, runActor, silentLogger, taskLog, watchPresence } from '@cortex/bus';
import { describeOnServer, freePort, until } from '@cortex/bus/testing';
import { contextAnswerSchema, type NewLogRecord, searchAnswerSchema } from '@cortex/schemas';
import { afterAll, expect, it } from 'vitest';
import { librarianActor } from './actor.js';
import { indexFolder } from './indexing/index-folder.js';
import { Library } from './library/library.js';
import { openSource } from './read/files.js';

describeOnServer('the librarian on the bus', (suite) => {
  const folders: string[] = [];
  afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

  async function folder(): Promise<string> {
    const made = await mkdtemp(join(tmpdir(), 'cortex-librarian-'));
    folders.push(made);
    return made;
  }

  async function askers(bus: Bus) {
    const presence = watchPresence(bus);
    const asker = createAsker(bus, presence);
    await until('a librarian', () => presence.alive('librarian'));
    return asker;
  }

  async function settle(bus: Bus, id: string, text: string, outcome: object, at = new Date().toISOString()) {
    const log = taskLog(bus);
    const task = { id, priority: 'medium' as const, text };
    const decision = {
      task: id,
      master: 'security',
      confidence: 1,
      probabilities: { security: 1 },
      experts: [],
      method: 'pinned',
      propensity: 1,
      candidates: ['security'],
      models: {},
      explanation: [],
      arm: 'champion',
      latency_ms: 1,
      decided_at: at,
    } as never;
    const decided = await log.append(
      id,
      { step: 'decided', task, decision } as unknown as NewLogRecord,
      'security',
      'medium',
      undefined,
    );
    const { text: _, ...bare } = task;
    await log.append(
      id,
      { step: 'settled', task: bare, decision, outcome: { task: id, ...outcome } } as unknown as NewLogRecord,
      'security',
      'medium',
      decided,
    );
  }

  it('is ready at once where nothing is indexed, and answers that it knows nothing', async () => {
    const bus = await suite.connect();
    const actor = await runActor(
      librarianActor({ folder: join(await folder(), 'none'), encoder: '', milvus: '' }),
      bus,
      { log: silentLogger },
    );
    const asker = await askers(bus);
    const answer = await asker.ask(
      'librarian',
      { kind: 'context', task: { text: 'fix the lease' }, budget_tokens: 1_000 },
      contextAnswerSchema,
      Date.now() + 10_000,
    );
    expect(answer).toMatchObject({ pieces: [], tokens: 0 });
    asker.close();
    await actor.drain(2_000);
  });

  it('packs what is indexed into the budget, cited, from its cache the second time and anew once the index changed', async () => {
    const [source, shelf] = [await folder(), await folder()];
    await writeFile(
      join(source, 'lease.ts'),
      '/** Renews the lease of a worker before it runs out. */\nexport function renewLease(worker: string): void {\n  console.log(worker);\n}\n',
    );
    await writeFile(
      join(source, 'notes.md'),
      '# Leases\n\nA lease runs out after thirty seconds unless the worker renews it.\n\n# Colours\n\nThe logo is blue.\n',
    );
    const library = await Library.open({ folder: shelf });
    const opened = await openSource(source, 'acme/leases');
    await indexFolder(opened, { store: library.store, encoder: undefined });
    const bus = await suite.connect();
    const actor = await runActor(librarianActor({ folder: shelf, encoder: '', milvus: '', patterns: false }), bus, {
      log: silentLogger,
    });
    const asker = await askers(bus);
    const ask = () =>
      asker.ask(
        'librarian',
        { kind: 'context', task: { text: 'a worker must renew its lease' }, budget_tokens: 300 },
        contextAnswerSchema,
        Date.now() + 10_000,
      );
    const first = await ask();
    expect(first.pieces.map(({ source: s, lines, repository }) => ({ s, lines, repository }))).toContainEqual({
      s: 'lease.ts',
      lines: [1, 4],
      repository: 'acme/leases',
    });
    expect(first.tokens).toBeLessThanOrEqual(300);
    expect(first.pieces.every(({ why, hash, trust }) => why !== '' && hash.length === 64 && trust === 'known')).toBe(
      true,
    );
    expect((await ask()).cached).toBe(true);
    await writeFile(join(source, 'more.md'), '# Renewal\n\nTo renew a lease the worker calls renewLease.\n');
    await indexFolder(opened, { store: library.store, encoder: undefined });
    const later = await ask();
    expect(later.cached).not.toBe(true);
    expect(later.pieces.map(({ source: s }) => s)).toContain('more.md');
    asker.close();
    await actor.drain(2_000);
    await library.close();
  });

  it('turns outcomes into patterns, the latest of the same kind of task in place of those before it', async () => {
    const bus = await suite.connect();
    const actor = await runActor(librarianActor({ folder: await folder(), encoder: '', milvus: '' }), bus, {
      log: silentLogger,
    });
    const asker = await askers(bus);
    const patterns = async () =>
      (
        await asker.ask(
          'librarian',
          { kind: 'search', query: 'rotate signing keys', collections: ['patterns'] },
          searchAnswerSchema,
          Date.now() + 10_000,
        )
      ).hits;
    await settle(
      bus,
      'p-1',
      'Rotate the signing keys of service 17, token ghp_0123456789abcdefghijklmnopqrstuvwxyzAB',
      { status: 'failed', error: 'the vault was sealed' },
    );
    await until('the first lesson', async () =>
      (await patterns()).some(({ text }) => text.includes('the vault was sealed')),
    );
    await settle(
      bus,
      'p-2',
      'Rotate the signing keys of service 18, token ghp_0123456789abcdefghijklmnopqrstuvwxyzAB',
      { status: 'completed', minutes: 4 },
    );
    await until('the second lesson', async () => (await patterns()).some(({ text }) => text.includes('It worked')));
    const found = await patterns();
    expect(found).toHaveLength(1);
    expect(found[0]?.text).toContain('worked 1 times, failed 1 times');
    expect(found[0]?.text).not.toContain('ghp_');
    expect(found[0]?.trust).toBe('outside');
    asker.close();
    await actor.drain(2_000);
  });

  it('keeps a lesson waiting while the store is away, and buries none', { timeout: 60_000 }, async () => {
    const bus = await suite.connect();
    const warned: string[] = [];
    const milvus = `127.0.0.1:${await freePort()}`;
    const actor = await runActor(librarianActor({ folder: await folder(), encoder: '', milvus }), bus, {
      log: { ...silentLogger, warn: (message) => void warned.push(message) },
    });
    await settle(bus, 'p-3', 'Rotate the keys of service 19', { status: 'completed', minutes: 4 });
    await until(
      'the lesson to be tried again',
      async () => (await bus.jsm.consumers.info('LOG', 'librarian')).num_redelivered > 0,
      40_000,
    );
    expect(warned).not.toContain('a lesson could not be kept');
    expect(actor.detail()).toMatch(/vector store at 127.0.0.1:\d+ does not answer/);
    expect((await bus.jsm.streams.info('DEAD')).state.messages).toBe(0);
    await actor.drain(2_000);
  });
});

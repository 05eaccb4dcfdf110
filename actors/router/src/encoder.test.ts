import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Logger, testServerBinary, until } from '@cortex/bus';
import { saveRouter, trainRouter } from '@cortex/models';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { best, MASTERS, type Stage, stage } from './testing/stage.js';

const encoder = process.env.CORTEX_ENCODER ?? join(homedir(), '.cache', 'cortex', 'encoders', 'minilm-l6-int8');
const missing = existsSync(join(encoder, 'model.onnx')) ? undefined : `no encoder in ${encoder}`;
if (missing !== undefined && process.env.CORTEX_REQUIRE_ALL === '1') throw new Error(missing);
if (missing !== undefined) console.warn(`skipped: ${missing}`);
const skip = missing !== undefined || 'missing' in testServerBinary();

describe.skipIf(skip)('the router with the encoder', { timeout: 180_000 }, () => {
  let on: Stage;
  beforeEach(async () => {
    on = await stage();
  });
  afterEach(() => on?.stop());
  const settled = (router: { state(): string }) =>
    until('everything is read', () => router.state() === 'ready', 120_000);

  it('understands what shares no word with any example, and shows every vote', async () => {
    const router = await on.router({ encoder });
    await settled(router);
    const answer = await on.ask('An attacker might take over accounts through weak passwords');
    expect(best(answer)).toBe('security');
    expect(answer.exit).toBe('encoder');
    expect(answer.models.encoder).toMatch(/^onnx/);
    expect(answer.experts.map(({ name }) => name)).toEqual(expect.arrayContaining(['lexical', 'retrieval']));
  });

  it('finds what it has built before when it starts again, and two routers build it once', async () => {
    const [one, two] = [await on.router({ encoder }), await on.router({ encoder })];
    await settled(one);
    await settled(two);
    const folder = join(on.cacheFolder, 'routers');
    // The lock of the build may still be on its way out; on a busy machine words alone are built first.
    const built = (await readdir(folder)).filter((name) => name.startsWith('full-') && !name.endsWith('.lock'));
    expect(built).toHaveLength(1);
    const before = await stat(join(folder, built[0] ?? '', 'manifest.json'));
    await settled(await on.router({ encoder }));
    expect((await stat(join(folder, built[0] ?? '', 'manifest.json'))).mtimeMs).toBe(before.mtimeMs);
  });

  it('builds anew what it finds damaged in the cache', async () => {
    await settled(await on.router({ encoder }));
    const folder = join(on.cacheFolder, 'routers');
    const manifest = join(folder, (await readdir(folder))[0] ?? '', 'manifest.json');
    await writeFile(manifest, '{}');
    const router = await on.router({ encoder, early_exit: false });
    await settled(router);
    expect((await readFile(manifest)).length).toBeGreaterThan(1_000);
    expect(await on.ask('Could somebody break in?')).toMatchObject({ exit: 'encoder' });
  });

  it('answers while it still reads hundreds of examples, from words, and says so', async () => {
    const examples = Array.from({ length: 300 }, (_, i) => `Complain about invoice number ${i} to supplier ${i * 7}`);
    await on.masters.put({ name: 'billing', description: 'Invoices and payments.', examples });
    const router = await on.router({ encoder, early_exit: false });
    await until('it reads', () => router.detail()?.includes('still reading 318 examples'), 30_000);
    const during = await on.ask('Complain about an invoice');
    expect(best(during)).toBe('billing');
    expect(during.exit).toBe('no-encoder');
    await settled(router);
    await until('all experts are heard', async () => (await on.ask('The bill is wrong')).models.encoder !== undefined);
  });

  it('finds a master that registered a moment ago by its description alone, with no word in common', async () => {
    const router = await on.router({ encoder, debounce_ms: 20 });
    await settled(router);
    await on.masters.put({ name: 'legal', description: 'Contracts, lawsuits, trademarks and data protection law.' });
    await until('it is found', async () => best(await on.ask('We are being sued by a competitor')) === 'legal', 60_000);
  });

  it('works without meaning when the encoder folder holds nothing, says why, and uses it when it comes', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cortex-encoder-'));
    try {
      const router = await on.router({ encoder: folder });
      await until(
        'it has tried',
        () => router.detail()?.includes('tokenizer.json') || router.detail()?.includes('model.onnx'),
      );
      expect(best(await on.ask('Deploy the pipeline'))).toBe('cicd');
      for (const name of ['tokenizer.json', 'model.onnx'])
        await writeFile(join(folder, name), await readFile(join(encoder, name)));
      await settled(router);
      await until('it is heard', async () => (await on.ask('Could somebody break in?')).exit === 'encoder');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe.skipIf('missing' in testServerBinary())('a trained router', () => {
  let on: Stage;
  let folder: string;
  const rows = MASTERS.flatMap(({ name, examples = [] }) => examples.map((text) => ({ text, label: name })));
  beforeEach(async () => {
    on = await stage();
    folder = await mkdtemp(join(tmpdir(), 'cortex-trained-'));
    const model = await trainRouter({
      masters: MASTERS.map(({ name, description }) => ({ name, ...(description ? { description } : {}) })),
      rows,
    });
    await saveRouter(model, join(folder, '7'));
  });
  afterEach(async () => {
    await on?.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const settings = () => ({ encoder: 'off', model_folder: join(folder, '7'), debounce_ms: 20 });
  const serves = (version: string) =>
    until(`${version} serves`, async () => (await on.ask('Deploy version 4 to staging')).models.router === version);

  it('serves instead of one built from the registry', async () => {
    await on.router(settings());
    await serves('router@7');
    expect(best(await on.ask('Roll the last release back'))).toBe('cicd');
    expect(existsSync(join(on.cacheFolder, 'routers'))).toBe(false);
  });

  it('still lets a master that it does not know be chosen, and never one that was removed', async () => {
    await on.router(settings());
    await serves('router@7');
    await on.masters.put({ name: 'legal', description: 'Contracts and lawsuits.', keywords: ['lawsuit'] });
    await on.masters.remove('inventory');
    await until('it is found', async () => best(await on.ask('Answer the lawsuit about contracts')) === 'legal');
    for (const text of ['Count what is in aisle seven', 'Order more screws before Friday']) {
      expect(Object.keys((await on.ask(text)).probabilities)).not.toContain('inventory');
    }
    await serves('router@7');
  });

  it('is refused by name when a file was changed, and the registry serves', async () => {
    const name = (await readdir(join(folder, '7'))).find((file) => file.startsWith('lexical')) ?? '';
    const bytes = await readFile(join(folder, '7', name));
    bytes[bytes.length - 3] = (bytes[bytes.length - 3] ?? 0) ^ 0xff;
    await writeFile(join(folder, '7', name), bytes);
    const errors: string[] = [];
    const log: Logger = {
      info: () => undefined,
      warn: () => undefined,
      error: (line, more) => errors.push(`${line} ${more?.reason}`),
    };
    await on.router(settings(), log);
    expect(errors.join('\n')).toContain(name);
    expect((await on.ask('Deploy version 4 to staging')).models.router).toMatch(/^registry@/);
  });
});

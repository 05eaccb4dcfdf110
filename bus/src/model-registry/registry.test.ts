import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kvm } from '@nats-io/kv';
import { Objm } from '@nats-io/obj';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { RevisionConflict, StreamFull } from '../errors.js';
import { until } from '../testing/nats-server.js';
import { describeOnServer } from '../testing/suite.js';
import {
  FamilyFrozen,
  ModelFolderRefused,
  ModelTampered,
  NothingToRollBack,
  UnknownModel,
  UntrustedSigner,
} from './errors.js';
import { openModelRegistry } from './registry.js';
import type { Aliases, ModelRegistry } from './types.js';

describeOnServer('the registry of models', (suite) => {
  let folder: string;
  let registry: ModelRegistry;
  let made = 0;
  const keys = () => join(folder, 'keys');
  const who = { by: 'test', reason: 'to see' };
  const model = async (content: string): Promise<string> => {
    const path = join(folder, `model-${made++}`);
    await mkdir(join(path, 'part'), { recursive: true });
    await writeFile(join(path, 'manifest.json'), `{"content":"${content}"}`);
    await writeFile(join(path, 'part', 'weights.bin'), Buffer.alloc(300_000, content));
    return path;
  };
  const put = async (family: string, content: string) => registry.publish(family, await model(content), { by: 'test' });
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cortex-registry-'));
    registry = await openModelRegistry(await suite.connect(), { keys: keys() });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('keeps a folder as a version, once however often it is published, and gives it back byte for byte', async () => {
    const source = await model('a');
    const facts = {
      by: 'trainer',
      metrics: { accuracy: 0.9, ece: null },
      data: { fingerprint: 'f', rows: 3 },
      seed: 1,
    };
    const first = await registry.publish('alpha', source, facts);
    expect(first).toMatchObject({ name: 'alpha@1', version: 1, ...facts });
    expect(first.files.map(({ path }) => path)).toEqual(['manifest.json', 'part/weights.bin']);
    const [again, ...more] = await Promise.all([
      registry.publish('alpha', source, facts),
      registry.publish('alpha', await model('b'), facts),
      registry.publish('alpha', await model('c'), facts),
    ]);
    expect(again.name).toBe('alpha@1');
    expect(more.map(({ name }) => name).sort()).toEqual(['alpha@2', 'alpha@3']);
    expect((await registry.list('alpha')).map(({ name }) => name)).toEqual(['alpha@1', 'alpha@2', 'alpha@3']);
    const into = await registry.fetch('alpha@1', join(folder, 'got', 'alpha@1'));
    expect(await readFile(join(into, 'part', 'weights.bin'))).toEqual(
      await readFile(join(source, 'part', 'weights.bin')),
    );
    expect((await readdir(join(folder, 'got'))).sort()).toEqual(['alpha@1']);
    expect((await stat(join(keys(), 'models.key.pem'))).mode & 0o777).toBe(0o600);
    await expect(registry.fetch('alpha@9', into)).rejects.toThrow(/alpha@9.*alpha@3/);
  });

  it('lets one of two promotions win, and the other know', async () => {
    await put('race', 'a');
    await put('race', 'b');
    const results = await Promise.allSettled(
      ['race@1', 'race@2'].map((champion) =>
        registry.setAliases('race', { champion }, { ...who, expectedRevision: 0 }),
      ),
    );
    const won = results.flatMap((r) => (r.status === 'fulfilled' ? [r.value] : []));
    const lost = results.flatMap((r) => (r.status === 'rejected' ? [r.reason] : []));
    expect(won).toHaveLength(1);
    expect(lost[0]).toBeInstanceOf(RevisionConflict);
    expect(await registry.aliases('race')).toEqual(won[0]);
  });

  it('tells every change as an event and as an action, with who and why', async () => {
    const bus = await suite.connect();
    const heard: { subject: string; event: Record<string, unknown> }[] = [];
    const take = {
      callback: (_: Error | null, m: { subject: string; json(): unknown }) => {
        heard.push({ subject: m.subject, event: m.json() as Record<string, unknown> });
      },
    };
    bus.nc.subscribe('cortex.models.told.*', take);
    bus.nc.subscribe('cortex.actions.*', take);
    await bus.nc.flush();
    await put('told', 'a');
    await put('told', 'b');
    await registry.setAliases('told', { champion: 'told@1' }, who);
    await registry.setAliases('told', { challenger: 'told@2', share: 0.05 }, { ...who, evidence: { p: 0.01 } });
    await registry.setAliases('told', { champion: 'told@2' }, who);
    await registry.rollback('told', who);
    await until('all to be heard', () => heard.length >= 10);
    const subjects = heard.map(({ subject }) => subject.replace('cortex.', ''));
    for (const event of ['trained', 'promoted', 'canary', 'rolled-back'])
      expect(subjects).toContain(`models.told.${event}`);
    expect(subjects.filter((s) => s === 'actions.promote')).toHaveLength(2);
    const canary = heard.find(({ subject }) => subject.endsWith('told.canary'))?.event;
    expect(canary).toMatchObject({
      version: 'told@2',
      by: 'test',
      reason: 'to see',
      evidence: { p: 0.01 },
      after: { share: 0.05 },
    });
    const now = await registry.aliases('told');
    expect(now).toMatchObject({ champion: 'told@1', share: 0, revision: expect.any(Number) });
    expect(now.history.map(({ event }) => event)).toEqual(['promoted', 'canary', 'promoted', 'rolled-back']);
  });

  it('goes back to what was good, never to what was rolled back, and while frozen too', async () => {
    for (const content of ['a', 'b', 'c']) await put('back', content);
    await expect(registry.rollback('back', who)).rejects.toBeInstanceOf(NothingToRollBack);
    for (const n of [1, 2, 3]) await registry.setAliases('back', { champion: `back@${n}` }, who);
    await registry.setAliases('back', { frozen: true }, who);
    expect((await registry.rollback('back', who)).champion).toBe('back@2');
    await expect(registry.setAliases('back', { champion: 'back@3' }, who)).rejects.toBeInstanceOf(FamilyFrozen);
    await expect(registry.setAliases('back', { challenger: 'back@3', share: 0.1 }, who)).rejects.toBeInstanceOf(
      FamilyFrozen,
    );
    expect((await registry.rollback('back', who)).champion).toBe('back@1');
    expect((await registry.rollback('back', who)).champion).toBeUndefined();
    await registry.setAliases('back', { frozen: false }, who);
    expect((await registry.setAliases('back', { champion: 'back@3' }, who)).champion).toBe('back@3');
  });

  it('refuses aliases of versions that are not there, and shares that are none', async () => {
    await put('odd', 'a');
    await expect(registry.setAliases('odd', { champion: 'odd@7' }, who)).rejects.toBeInstanceOf(UnknownModel);
    await expect(registry.setAliases('odd', { champion: 'alpha@1' }, who)).rejects.toThrow(/champion.*odd@3/);
    await expect(registry.setAliases('odd', { challenger: 'odd@1', share: 1.2 }, who)).rejects.toThrow(/share/);
    await expect(registry.aliases('a.b')).rejects.toThrow(/family/);
  });

  it('tells a watcher what is, and then each change', async () => {
    await put('seen', 'a');
    const seen: Aliases[] = [];
    const other = await openModelRegistry(await suite.connect());
    const watch = await other.watch('seen', (aliases) => seen.push(aliases));
    expect(watch.current()).toMatchObject({ family: 'seen', share: 0, revision: 0 });
    await registry.setAliases('seen', { champion: 'seen@1' }, who);
    await until('the change', () => watch.current().champion === 'seen@1');
    expect(seen.map(({ champion }) => champion)).toEqual([undefined, 'seen@1']);
    watch.close();
  });

  it('refuses a file that was exchanged in the store, and leaves what was there as it was', async () => {
    const version = await put('bad', 'a');
    const weights = version.files.find(({ path }) => path.endsWith('.bin'));
    const into = join(folder, 'served', 'bad');
    await mkdir(into, { recursive: true });
    await writeFile(join(into, 'old'), 'old');
    const objects = await new Objm((await suite.connect()).nc).open('cortex_models');
    await objects.putBlob({ name: `sha256-${weights?.sha256}` }, Buffer.alloc(300_000, 'x'));
    await expect(registry.fetch('bad@1', into)).rejects.toThrow(/part\/weights\.bin.*sha256/);
    await objects.delete(`sha256-${weights?.sha256}`);
    await expect(registry.fetch('bad@1', into)).rejects.toBeInstanceOf(ModelTampered);
    expect(await readdir(into)).toEqual(['old']);
    expect(await readdir(join(folder, 'served'))).toEqual(['bad']);
  });

  it('refuses a manifest that was changed, and one that leads out of its folder even when it is signed', async () => {
    const version = await put('forged', 'a');
    const kv = await new Kvm((await suite.connect()).nc).open('cortex_models');
    const into = join(folder, 'forged');
    await kv.put('version.forged.1', JSON.stringify({ ...version, metrics: { accuracy: 1 } }));
    await expect(registry.fetch('forged@1', into)).rejects.toThrow(/changed after it was signed/);
    await kv.put('version.forged.1', JSON.stringify({ ...version, name: 'forged@2' }));
    await expect(registry.fetch('forged@1', into)).rejects.toThrow(/that of forged@2/);
    const { openSigner } = await import('./keys.js');
    const { digestOf, signedBytes } = await import('./manifest.js');
    const files = [{ path: '../../escaped', bytes: 1, sha256: createHash('sha256').update('x').digest('hex') }];
    const evil = { ...version, files, digest: digestOf(files) };
    const signature = (await openSigner(keys())).sign(signedBytes(evil));
    await kv.put('version.forged.1', JSON.stringify({ ...evil, signature }));
    await expect(registry.fetch('forged@1', into)).rejects.toThrow(/escaped.*leads out/);
  });

  it('refuses a signer it does not know by name, until a person trusts the key', async () => {
    const stranger = await openModelRegistry(await suite.connect(), { keys: join(folder, 'stranger') });
    const version = await stranger.publish('foreign', await model('a'), { by: 'somebody' });
    const into = join(folder, 'foreign');
    const refused = await registry.fetch('foreign@1', into).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(UntrustedSigner);
    expect(String(refused)).toContain(`${version.key_id}.pub.pem`);
    expect(String(refused)).toContain('somebody');
    await mkdir(join(keys(), 'trusted'), { recursive: true });
    await cp(join(folder, 'stranger', `${version.key_id}.pub.pem`), join(keys(), 'trusted', 'somebody.pem'));
    await expect(registry.fetch('foreign@1', into)).resolves.toBe(into);
  });

  it('publishes no link, nothing empty and nothing too large', async () => {
    const linked = await model('a');
    await symlink('/etc/hostname', join(linked, 'link'));
    await expect(registry.publish('no', linked, { by: 't' })).rejects.toThrow(/link is no plain file/);
    const empty = join(folder, 'empty');
    await mkdir(empty);
    await expect(registry.publish('no', empty, { by: 't' })).rejects.toBeInstanceOf(ModelFolderRefused);
    const small = await openModelRegistry(await suite.connect(), { keys: keys(), maxBytes: 1_000 });
    await expect(small.publish('no', await model('b'), { by: 't' })).rejects.toThrow(/larger than 1,000 bytes/);
    await expect(small.fetch('alpha@1', join(folder, 'too-large'))).rejects.toThrow(/1,000 are allowed/);
    expect(await registry.list('no')).toEqual([]);
  });

  it('says that the store is full, and then publishes no half a version', async () => {
    const bus = await suite.connect();
    const info = await bus.jsm.streams.info('OBJ_cortex_models');
    await bus.jsm.streams.update('OBJ_cortex_models', { ...info.config, max_bytes: info.state.bytes + 100_000 });
    await expect(registry.publish('full', await model('z'), { by: 't' })).rejects.toBeInstanceOf(StreamFull);
    expect(await registry.list('full')).toEqual([]);
    await bus.jsm.streams.update('OBJ_cortex_models', info.config);
    expect((await registry.publish('full', await model('z'), { by: 't' })).name).toBe('full@1');
  });

  it('needs the store no more for what lies there already', async () => {
    await put('kept', 'kept');
    const into = join(folder, 'kept');
    await registry.fetch('kept@1', into);
    const objects = await new Objm((await suite.connect()).nc).open('cortex_models');
    for (const { sha256 } of (await registry.show('kept@1'))?.files ?? []) await objects.delete(`sha256-${sha256}`);
    await expect(registry.fetch('kept@1', into)).resolves.toBe(into);
    await writeFile(join(into, 'manifest.json'), '{}');
    await expect(registry.fetch('kept@1', into)).rejects.toBeInstanceOf(ModelTampered);
  });
});

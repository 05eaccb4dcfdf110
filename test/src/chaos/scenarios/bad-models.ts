// 18. Models that must not serve: exchanged, unsigned, cut, with numbers that are none, with a voice that talks nonsense or is slow.
import { createHash } from 'node:crypto';
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { coordinatorActor } from '@cortex/actor-coordinator';
import { openModelRegistry } from '@cortex/bus';
import { until } from '@cortex/bus/testing';
import { Kvm } from '@nats-io/kv';
import { readLog } from '../../harness/ledger.js';
import { countsOf } from '../ledger.js';
import { modelStage, type Through, who } from '../model-stage.js';
import { exactly, holds, type Scenario, sleep } from '../scenario.js';
import { MASTERS, openStage, plainTask } from '../stage.js';

export const badModels: Scenario = {
  number: 18,
  name: 'bad models',
  fault:
    'versions with a wrong hash, a changed manifest, a strange signer, a cut file, NaN weights; odds that are NaN; a second of thinking',
  pass: 'none ever decides a task, the good one serves on',
  quick: '30 tasks a version instead of 300',
  async run(run) {
    const tasks = run.quick ? 30 : 300;
    const ill = new Map<string, Parameters<Through>[0]['quick']>();
    const stage = await openStage(run);
    const { bus } = stage;
    try {
      await stage.inside(coordinatorActor({ askTimeoutMs: 10_000 }));
      const { registry, router, serves, train } = await modelStage(run, stage, (panel) => {
        const illness = ill.get(panel.version);
        return illness ? { ...panel, identity: `${panel.identity} ill`, quick: illness, full: illness } : panel;
      });
      for (const master of MASTERS) await stage.insideWorker(master);
      await stage.ready(['coordinator', 'router', ...MASTERS.map(() => 'worker')]);
      const folder = await train('good', 1);
      const good = (await registry.publish('router', folder, { by: 'chaos' })).name;
      await registry.setAliases('router', { champion: good }, who);
      let number = 0;
      const wave = () => stage.load(tasks, 50, () => plainTask(number++));
      await serves(good);
      const bad: string[] = [];
      /** Publishes a spoilt copy as any other, makes it champion, and sends tasks. */
      const tryChampion = async (
        kind: string,
        spoil: (copy: string) => Promise<void>,
        after?: (name: string) => Promise<void>,
      ) => {
        const copy = join(run.folder, kind);
        await cp(folder, copy, { recursive: true });
        await spoil(copy);
        const from =
          kind === 'stranger' ? await openModelRegistry(bus, { keys: join(run.folder, 'other-keys') }) : registry;
        const { name } = await from.publish('router', copy, { by: 'chaos' });
        await after?.(name);
        bad.push(name);
        await registry.setAliases('router', { champion: name }, who);
        await until(
          `${name} (${kind}) to be refused`,
          () => router.detail()?.includes(name) || router.state() === 'degraded',
          10_000,
        ).catch(() => run.say(`${name} (${kind}): nothing is said about it`));
        await wave();
        run.say(`${name} (${kind}): ${router.state()} ${router.detail() ?? ''}`);
        await registry.setAliases('router', { champion: good }, who);
      };
      await tryChampion('hash', (copy) => spoilFile(copy, (bytes) => bytes.fill(255, 0, 1), false));
      await tryChampion('cut', (copy) => spoilFile(copy, (bytes) => bytes.subarray(0, bytes.length - 4), true));
      await tryChampion('nan', (copy) => spoilFile(copy, (bytes) => bytes.fill(255, bytes.length - 64), true));
      await tryChampion('stranger', (copy) => writeFile(join(copy, 'note.txt'), 'of somebody else'));
      await tryChampion(
        'manifest',
        (copy) => writeFile(join(copy, 'note.txt'), 'changed later'),
        async (name) => {
          const kv = await new Kvm(bus.nc).open(bus.subjects.bucket('models'));
          const key = `version.${name.replace('@', '.')}`;
          const entry = await kv.get(key);
          await kv.put(key, JSON.stringify({ ...entry?.json<object>(), metrics: { accuracy: 1 } }));
        },
      );
      // These load well; only what they say gives them away, so they come as any new model does: on trial.
      for (const kind of ['nonsense', 'slow']) {
        const { name } = await registry.publish('router', await train(kind, kind === 'slow' ? 3 : 2), { by: 'chaos' });
        ill.set(name, async (queries) => {
          if (kind === 'slow') await sleep(1_000);
          return queries.map(
            () => ({ probabilities: { [MASTERS[0]]: kind === 'slow' ? 1 : Number.NaN }, scope: 1, votes: [] }) as never,
          );
        });
        bad.push(name);
        await registry.setAliases('router', { challenger: name, share: 0.5 }, who);
        await sleep(2_000);
        await wave();
        await registry.setAliases('router', { challenger: null, share: 0 }, who);
      }
      await stage.drained(60_000);
      const log = await readLog(bus);
      const tally = stage.ledger.count(log);
      const by = new Map<string, number>();
      for (const [id, entries] of log) {
        const model = entries.find(({ record }) => record.step === 'decided')?.record.decision?.models.router;
        if (id.startsWith('task') && model) by.set(model, (by.get(model) ?? 0) + 1);
      }
      return {
        counts: { ...countsOf(tally), bad_versions: bad.length, decided_by_the_good_one: by.get(good) ?? 0 },
        checks: [
          exactly(
            'decisions by bad versions',
            bad.reduce((sum, name) => sum + (by.get(name) ?? 0), 0),
            0,
          ),
          exactly('lost', tally.lost.length, 0),
          holds('the good one served on', (by.get(good) ?? 0) >= number * 0.8, `${by.get(good) ?? 0} of ${number}`),
        ],
      };
    } finally {
      await stage.close();
    }
  },
};

/** Changes the words' weights of a router; with `hide`, its own manifest is made to agree. */
async function spoilFile(folder: string, spoil: (bytes: Buffer) => Buffer, hide: boolean): Promise<void> {
  const name = (await readdir(folder)).find((file) => file.startsWith('lexical.')) ?? '';
  const before = await readFile(join(folder, name));
  const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
  const after = spoil(Buffer.from(before));
  await writeFile(join(folder, name), after);
  if (!hide) return;
  const manifest = join(folder, 'manifest.json');
  await writeFile(manifest, (await readFile(manifest, 'utf8')).replaceAll(hash(before), hash(after)));
}

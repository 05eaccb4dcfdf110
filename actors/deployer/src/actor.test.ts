// The deployer on a real server, alone: no router, no coordinator, no trainer lives here. Decisions are appended as coordinators append them.
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type Bus,
  type ModelRegistry,
  openModelRegistry,
  publish,
  type RunningActor,
  runActor,
  silentLogger,
  taskLog,
} from '@cortex/bus';
import { describeOnServer, type Suite, until } from '@cortex/bus/testing';
import { type Alert, EVENT_TYPES, type OtherArm } from '@cortex/schemas';
import { Kvm } from '@nats-io/kv';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { deployerActor } from './actor.js';
import type { DeployerSettingsInput } from './settings.js';
import type { TrialState } from './state.js';

const QUICK: DeployerSettingsInput = {
  outcome_age_ms: 150,
  stage_ms: 0,
  tick_ms: 100,
  units: [3, 5, 8],
  probation_units: 40,
};

interface World {
  readonly bus: Bus;
  readonly registry: ModelRegistry;
  readonly family: string;
  publish(metrics?: Record<string, number>): Promise<string>;
  state(): Promise<TrialState | undefined>;
  alerts(): readonly Alert[];
  /** Decides and settles tasks by what the registry says, until `done`. Returns how many the named version decided. */
  traffic(how: Traffic): Promise<Record<string, number>>;
}

interface Traffic {
  readonly right: (version: string, task: number) => boolean;
  readonly error?: (version: string) => string | undefined;
  readonly done: () => boolean | Promise<boolean>;
  readonly limit?: number;
  /** Milliseconds between twenty tasks and the next. */
  readonly pauseMs?: number;
}

/** A family of its own on a shared server. */
async function world(suite: Suite, folder: string, family: string): Promise<World> {
  const bus = await suite.connect();
  const registry = await openModelRegistry(bus, { keys: join(folder, 'keys') });
  const kv = await new Kvm(bus.nc).open(bus.subjects.bucket('trials'));
  const log = taskLog(bus);
  const heard: Alert[] = [];
  bus.nc.subscribe(bus.subjects.alerts, {
    callback: (_, message) => {
      const alert = message.json<Alert>();
      if (alert.family === family) heard.push(alert);
    },
  });
  let made = 0;
  let task = 0;
  const state = async () => (await kv.get(`deploy.${family}`))?.json<{ state: TrialState }>().state;
  return {
    bus,
    registry,
    family,
    state,
    alerts: () => heard,
    async publish(metrics = {}) {
      const path = join(folder, `${family}-${made++}`);
      await mkdir(path, { recursive: true });
      await writeFile(join(path, 'weights'), `${family} ${made}`);
      return (await registry.publish(family, path, { by: 'test', metrics })).name;
    },
    async traffic({ right, error, done, limit = 4_000, pauseMs = 20 }) {
      const decidedBy: Record<string, number> = {};
      const ends = task + limit;
      while (!(await done())) {
        if (task >= ends) throw new Error(`nothing came of ${limit} tasks: ${JSON.stringify((await state())?.past)}`);
        const aliases = await registry.aliases(family);
        const batch = Array.from({ length: 20 }, () => task++).map(async (n) => {
          const id = `${family}-${n}`;
          const { champion = '', challenger, shadow } = aliases;
          const toChallenger = challenger !== undefined && (n * 0.618_034) % 1 < aliases.share;
          const broken = toChallenger ? error?.(challenger) : undefined;
          const by = toChallenger && broken === undefined ? challenger : champion;
          decidedBy[by] = (decidedBy[by] ?? 0) + 1;
          const pick = (version: string) => (right(version, n) ? 'good' : 'bad');
          const other = (arm: OtherArm['arm'], model: string): OtherArm => {
            const fault = error?.(model);
            return {
              arm,
              model,
              latency_ms: 2,
              ...(fault ? { error: fault } : { master: pick(model), confidence: 0.7, abstain: false }),
            };
          };
          const others = [
            ...(by === champion ? [] : [other('champion', champion)]),
            ...(challenger === undefined || by === challenger ? [] : [other('challenger', challenger)]),
            ...(shadow === undefined ? [] : [other('shadow', shadow)]),
          ];
          const master = pick(by);
          const now = new Date().toISOString();
          const decision = {
            task: id,
            master,
            confidence: 0.7,
            probabilities: { [master]: 0.7 },
            experts: [],
            method: 'ensemble' as const,
            propensity: 1,
            candidates: [],
            models: { [family]: by },
            arm: by === champion ? ('champion' as const) : ('challenger' as const),
            assigned: toChallenger ? ('challenger' as const) : ('champion' as const),
            alias_revision: aliases.revision,
            others,
            explanation: [],
            latency_ms: 3,
            decided_at: now,
          };
          const decided = await log.append(
            id,
            { step: 'decided', task: { id, priority: 'high', text: `task ${n}` }, decision, decided_revision: 1 },
            master,
            'high',
            undefined,
          );
          // The right master is told in each case here: the lopsided one is the simulation's.
          await log.append(
            id,
            {
              step: 'settled',
              task: { id, priority: 'high' },
              decision,
              decided_revision: 1,
              outcome: { task: id, status: 'completed', success: master === 'good' },
              correction: { master: 'good' },
              settled_as: 'settled',
            },
            master,
            'high',
            decided,
          );
        });
        await Promise.all(batch);
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
      return decidedBy;
    },
  };
}

describeOnServer('the deployer', (suite) => {
  let folder: string;
  const actors: RunningActor[] = [];
  const start = async (family: string, more: DeployerSettingsInput = {}) => {
    const actor = await runActor(
      deployerActor({ ...QUICK, families: [family], ...more }),
      await suite.connect({ name: 'deployer' }),
      { log: silentLogger },
    );
    actors.push(actor);
    return actor;
  };
  const stopAll = async () => {
    await Promise.all(actors.splice(0).map((actor) => actor.drain(1_000)));
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cortex-deployer-'));
  });
  afterAll(async () => {
    await stopAll();
    await rm(folder, { recursive: true, force: true });
  });
  const skilled = (skill: Record<string, number>) => (version: string, task: number) =>
    ((task * 7 + (version.endsWith('2') ? 3 : 0)) % 10) / 10 < (skill[version] ?? 0);

  it('makes the first version champion, and takes a better one through shadow and canary to its place, with two deployers at work', {
    timeout: 60_000,
  }, async () => {
    const w = await world(suite, folder, 'up');
    await Promise.all([start('up'), start('up')]);
    const first = await w.publish({ accuracy: 0.6 });
    await until('the first to serve', async () => (await w.registry.aliases('up')).champion === first);
    const second = await w.publish({ accuracy: 0.7 });
    await until('the shadow', async () => (await w.registry.aliases('up')).shadow === second);
    await w.traffic({
      right: skilled({ [first]: 0.5, [second]: 0.9 }),
      done: async () => {
        const { champion, shadow } = await w.registry.aliases('up');
        return champion === second && shadow === undefined;
      },
    });
    const { history } = await w.registry.aliases('up');
    expect(history.map(({ event, after }) => `${event} ${after.share}`)).toEqual([
      'promoted 0',
      'shadow 0',
      'canary 0.05',
      'canary 0.25',
      'canary 0.5',
      'promoted 0',
      'shadow-ended 0',
    ]);
    expect(history[5]).toMatchObject({
      by: expect.stringContaining('deployer'),
      evidence: { units: expect.any(Number) },
    });
    expect(w.alerts().map(({ kind }) => kind)).toContain('model-promoted');
    await stopAll();
  });

  it('takes a challenger that answers with rubbish out within a second of the alarm, with nobody else alive', {
    timeout: 60_000,
  }, async () => {
    const w = await world(suite, folder, 'harm');
    await start('harm', { preset: 'legacy' });
    const first = await w.publish();
    await until('the first to serve', async () => (await w.registry.aliases('harm')).champion === first);
    const second = await w.publish();
    await until('the canary', async () => (await w.registry.aliases('harm')).challenger === second);
    await w.traffic({
      right: skilled({ [first]: 0.7, [second]: 0.7 }),
      error: (version) => (version === second ? 'its odds are NaN' : undefined),
      done: async () => (await w.registry.aliases('harm')).challenger === undefined,
    });
    const { history } = await w.registry.aliases('harm');
    expect(history.at(-1)).toMatchObject({ event: 'rolled-back', reason: expect.stringContaining('fails') });
    const alert = await until('the alert', () => w.alerts().find(({ kind }) => kind === 'model-harm'));
    // The aliases are set before the alert goes out.
    expect(Date.parse(alert.at) - Date.parse(history.at(-1)?.at ?? '')).toBeLessThan(1_000);
    await stopAll();
  });

  it('asks a person in the approve-by-hand mode, and obeys', { timeout: 60_000 }, async () => {
    const w = await world(suite, folder, 'hand');
    const asked: { id: string; kind: string }[] = [];
    w.bus.nc.subscribe(w.bus.subjects.reviewsRequested, { callback: (_, m) => void asked.push(m.json()) });
    await w.bus.nc.flush();
    await start('hand', { approve: 'hand' });
    const first = await w.publish();
    const review = await until('the question', () => asked.find(({ kind }) => kind === 'model'));
    expect((await w.registry.aliases('hand')).champion).toBeUndefined();
    await publish(
      w.bus,
      w.bus.subjects.reviewsAnswered,
      { review: review.id, answer: 'approve', by: 'ann' },
      { type: EVENT_TYPES.reviewAnswered },
    );
    await until('the approval', async () => (await w.registry.aliases('hand')).champion === first);
    expect((await w.registry.aliases('hand')).history.at(-1)?.reason).toContain('ann');
    await stopAll();
  });

  it('carries on where it was after kill -9, again and again, and counts every task once', {
    timeout: 120_000,
  }, async () => {
    const w = await world(suite, folder, 'kill');
    const program = fileURLToPath(new URL('../dist/testing/deployer-process.js', import.meta.url));
    const run = () =>
      spawn(process.execPath, [program, w.bus.servers, JSON.stringify({ ...QUICK, families: ['kill'] })], {
        stdio: 'ignore',
      });
    let child = run();
    let kills = 0;
    let killedAt = '';
    // Killed whenever it has got somewhere: a new phase or share, or forty tasks more.
    const kill = async () => {
      const { phase, stage, evidence } = (await w.state()) ?? {};
      const at = `${phase} ${stage} ${Math.floor((evidence?.units ?? 0) / 40)}`;
      if (at === killedAt || kills >= 4) return;
      killedAt = at;
      kills++;
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
      child = run();
    };
    try {
      const first = await w.publish();
      await until('the first to serve', async () => (await w.registry.aliases('kill')).champion === first, 60_000);
      const second = await w.publish();
      let tasks = 0;
      await w.traffic({
        right: (version, task) => {
          tasks = Math.max(tasks, task + 1);
          return skilled({ [first]: 0.5, [second]: 0.9 })(version, task);
        },
        done: async () => {
          const { evidence } = (await w.state()) ?? {};
          await kill();
          if (evidence) expect(evidence.units).toBeLessThanOrEqual(tasks);
          return (await w.registry.aliases('kill')).champion === second;
        },
        limit: 20_000,
        pauseMs: 100,
      });
      expect(kills).toBe(4);
      const { history } = await w.registry.aliases('kill');
      expect(history.map(({ event }) => event).filter((event) => event === 'promoted')).toHaveLength(2);
      expect(history.map(({ after }) => after.share).slice(0, 6)).toEqual([0, 0, 0.05, 0.25, 0.5, 0]);
    } finally {
      child.kill('SIGKILL');
    }
  });
});

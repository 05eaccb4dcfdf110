import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Bus,
  connectBus,
  openMasters,
  provision,
  publish,
  type RunningActor,
  runActor,
  silentLogger,
  taskLog,
} from '@cortex/bus';
import { startTestServer, type TestServer, testServerBinary, until } from '@cortex/bus/testing';
import { BUCKET_NAMES, EVENT_TYPES, subjectsOf } from '@cortex/schemas';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ACTORS } from '../up/catalogue.js';
import { KeysExist, type MadeKeys, makeKeys } from './init.js';
import { fits, permissionsOf, ROLES, type Role } from './permissions.js';

const binary = testServerBinary();
const subjects = subjectsOf();
const SUBJECTS = {
  submit: subjects.submit,
  log: 'cortex.log.00.k.decided.a.medium',
  outcome: subjects.outcome('a'),
  telemetry: subjects.telemetry('w'),
  alert: subjects.alert('info'),
  action: subjects.action('x'),
  answer: subjects.reviewsAnswered,
  model: subjects.model('router', 'promoted'),
  ask: subjects.ask('router'),
  master: `$KV.${subjects.bucket('masters')}.a`,
  aliases: `$KV.${subjects.bucket('models')}.a`,
  deleteLog: '$JS.API.STREAM.DELETE.LOG',
  createStream: '$JS.API.STREAM.CREATE.X',
  deleteConsumer: '$JS.API.CONSUMER.DELETE.LOG.work-a-medium',
  inboxOfCoordinator: '_INBOX_coordinator.x',
};

describe.skipIf('missing' in binary)('identities', () => {
  let folder: string;
  let made: MadeKeys;
  let server: TestServer;
  const open: Bus[] = [];
  const actors: RunningActor[] = [];
  const as = async (role: Role, name: string = role) => {
    const bus = await connectBus({
      servers: server.url,
      name,
      waitMs: 5_000,
      creds: made.creds.cortex?.[role] ?? '',
      inboxPrefix: `_INBOX_${role}`,
    });
    open.push(bus);
    return bus;
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cortex-keys-'));
    made = await makeKeys({ folder, prefix: 'cortex', tenants: ['cortex'], force: false });
    server = await startTestServer(['-c', made.config]);
    await provision(await as('provisioner'));
  });
  afterAll(async () => {
    for (const actor of actors) await actor.drain();
    for (const bus of open) await bus.close();
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('are files of their owner alone, and are not replaced unasked', async () => {
    const mode = (await stat(made.creds.cortex?.worker ?? '')).mode & 0o777;
    expect(mode).toBe(0o600);
    await expect(makeKeys({ folder, prefix: 'cortex', tenants: ['cortex'], force: false })).rejects.toThrow(KeysExist);
  });

  it('let a stranger nowhere', async () => {
    await expect(connectBus({ servers: server.url, name: 'stranger', waitMs: 1_000 })).rejects.toThrow();
  });

  it('may publish on a real server what their row says, and nothing else', async () => {
    const wrong: string[] = [];
    for (const role of ROLES) {
      const bus = await as(role);
      const refused = new Set<string>();
      void (async () => {
        for await (const status of bus.nc.status())
          if (status.type === 'error') refused.add(/"([^"]+)"/.exec(String(status.error.message))?.[1] ?? '');
      })();
      const { publish: allowed } = permissionsOf(role, subjects, BUCKET_NAMES);
      for (const subject of Object.values(SUBJECTS)) {
        // Nothing real is to be deleted by those who may.
        const may = allowed.some((permission) => fits(permission, subject));
        if (!may) bus.nc.publish(subject);
      }
      await bus.nc.flush();
      await until('refusals', () => true);
      await new Promise((resolve) => setTimeout(resolve, 100));
      for (const [name, subject] of Object.entries(SUBJECTS)) {
        const may = allowed.some((permission) => fits(permission, subject));
        if (!may && !refused.has(subject)) wrong.push(`${role} published ${name}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('leave the dangerous things to few', () => {
    const may = (what: keyof typeof SUBJECTS) =>
      ROLES.filter((role) =>
        permissionsOf(role, subjects, BUCKET_NAMES).publish.some((permission) => fits(permission, SUBJECTS[what])),
      );
    expect(may('log')).toEqual(['operator', 'coordinator']);
    expect(may('deleteLog')).toEqual(['operator', 'provisioner']);
    expect(may('createStream')).toEqual(['operator', 'provisioner']);
    expect(may('aliases')).toEqual(['operator', 'provisioner', 'trainer', 'deployer', 'watchdog', 'dashboard']);
    expect(may('inboxOfCoordinator')).toEqual(['operator', 'router', 'predictor', 'librarian']);
    expect(may('answer')).toEqual(['operator', 'watchdog', 'dashboard']);
  });

  it('carry a task from a publisher to its decision', async () => {
    const operator = await as('operator');
    const masters = await openMasters(operator);
    await masters.put({ name: 'security', description: 'Finds holes.', keywords: ['scan', 'cve'] });
    await masters.close();
    for (const name of ['router', 'coordinator'] as const) {
      const row = ACTORS.find((actor) => actor.name === name);
      if (!row) throw new Error(name);
      const bus = await as(name);
      actors.push(await runActor(await row.make({ encoder: undefined }), bus, { log: silentLogger }));
    }
    const publisher = await as('publisher');
    await publish(
      publisher,
      publisher.subjects.submit,
      { id: 't-1', text: 'Scan the repo for CVE-1', master: 'security' },
      { type: EVENT_TYPES.taskSubmit, id: 't-1' },
    );
    const log = taskLog(operator);
    await until('the decision', async () => (await log.last('t-1'))?.record.decision?.master === 'security');
    expect((await log.last('t-1'))?.record.step).toBe('decided');
  });
});

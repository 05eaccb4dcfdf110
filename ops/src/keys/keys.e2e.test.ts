import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Bus,
  connectBus,
  deadLettersOf,
  openMasters,
  provision,
  publish,
  type RunningActor,
  runActor,
  silentLogger,
  taskLog,
} from '@cortex/bus';
import { startTestServer, type TestServer, testServerBinary, until } from '@cortex/bus/testing';
import { BUCKET_NAMES, EVENT_TYPES, HEADERS, subjectsOf } from '@cortex/schemas';
import { Kvm } from '@nats-io/kv';
import { headers } from '@nats-io/nats-core';
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
  const as = async (role: Role, name: string = role, identity: string = role) => {
    const bus = await connectBus({
      servers: server.url,
      name,
      waitMs: 5_000,
      creds: made.creds.cortex?.[identity] ?? '',
      inboxPrefix: `_INBOX_${role}`,
    });
    open.push(bus);
    return bus;
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cortex-keys-'));
    made = await makeKeys({ folder, prefix: 'cortex', tenants: ['cortex'], workers: ['security'], force: false });
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

  it('may hear on a real server what their row says, and nothing else', async () => {
    const wrong: string[] = [];
    for (const role of ROLES) {
      const bus = await as(role);
      const { subscribe: allowed } = permissionsOf(role, subjects, BUCKET_NAMES);
      for (const subject of [...Object.values(SUBJECTS), '_INBOX_router.x', '_INBOX_worker.x', '$SYS.ACCOUNT.x']) {
        if (allowed.some((permission) => fits(permission, subject))) continue;
        const refusal = new Promise<boolean>((resolve) => {
          bus.nc.subscribe(subject, { max: 1, callback: (error) => resolve(error !== null) });
          setTimeout(() => resolve(false), 5_000).unref();
        });
        if (!(await refusal)) wrong.push(`${role} heard ${subject}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('let the workers of one master do its tasks alone', async () => {
    const own = permissionsOf('worker', subjects, BUCKET_NAMES, 'security').publish;
    const may = (subject: string) => own.some((permission) => fits(permission, subject));
    expect(may(subjects.outcome('security'))).toBe(true);
    expect(may('$JS.API.CONSUMER.MSG.NEXT.LOG.work-security-high')).toBe(true);
    const bus = await as('worker', 'worker', 'worker-security');
    const refused: string[] = [];
    void (async () => {
      for await (const status of bus.nc.status())
        if (status.type === 'error') refused.push(/"([^"]+)"/.exec(String(status.error.message))?.[1] ?? '');
    })();
    const foreign = [
      subjects.outcome('development'),
      '$JS.API.CONSUMER.MSG.NEXT.LOG.work-development-high',
      '$JS.ACK.LOG.work-development-high.1.1.1.1.0',
    ];
    for (const subject of foreign) bus.nc.publish(subject);
    await bus.nc.flush();
    await until('the refusals', () => foreign.every((subject) => refused.includes(subject)));
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

  it('sign what they report, and where reporters are named nobody else is believed', async () => {
    const [operator, known, other] = [
      await as('operator'),
      await as('worker', 'w', 'worker-security'),
      await as('worker'),
    ];
    const settings = await new Kvm(operator.nc).open(subjects.bucket('settings'));
    await settings.put('coordinator.outcome_signers', JSON.stringify([known.signer?.key]));
    const report = (bus: Bus, worker: string, task = 't-1') =>
      publish(bus, subjects.outcome('security'), { task, status: 'completed', worker }, { type: EVENT_TYPES.outcome });
    const refusals = async () => (await deadLettersOf(operator, 'OUTCOMES')).map(({ reason }) => reason);
    // A setting is news that spreads: until the coordinator has it, strangers are believed.
    let tries = 0;
    await until('the setting to hold', async () => {
      await report(other, 'stranger', `unknown-${tries++}`);
      return (await refusals()).some((reason) => reason.includes('is not among'));
    });
    const { seq } = await report(other, 'stranger');
    const signed = await operator.jsm.streams.getMessage('OUTCOMES', { seq });
    const forged = headers();
    for (const name of [HEADERS.signer, HEADERS.signature])
      forged.set(name, (name === HEADERS.signer ? known.signer?.key : signed?.header.get(name)) ?? '');
    await operator.js.publish(subjects.outcome('security'), signed?.data, { headers: forged });
    await operator.js.publish(subjects.outcome('security'), '{"task":"t-1","status":"failed"}');
    const wanted = [/is not signed/, /its signature is not that of U/, /its signer U\w+ is not among/];
    await until('the refusals', async () => {
      const reasons = await refusals();
      return wanted.every((words) => reasons.some((reason) => words.test(reason)));
    });
    await report(known, 'w-1');
    const log = taskLog(operator);
    await until('it to be settled', async () => (await log.last('t-1'))?.record.outcome?.worker === 'w-1');
  });
});

// The coordinator on a real server: what the outside sees of it.

import {
  type Bus,
  deadLettersOf,
  openMasters,
  openSettings,
  publish,
  pullOne,
  type RunningActor,
  runActor,
  serveAsks,
  silentLogger,
  startHeartbeat,
  taskLog,
  until,
} from '@cortex/bus';
import { describeOnServer } from '@cortex/bus/testing';
import { EVENT_TYPES, type LogRecord, type Outcome, type Work } from '@cortex/schemas';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { coordinatorActor } from './actor.js';

const SCAN = 'Scan the payments repo for CVE-2026-1234';

describeOnServer('the coordinator', (suite) => {
  let bus: Bus;
  const actors: RunningActor[] = [];
  const startOne = async () => {
    const actor = await runActor(
      coordinatorActor({ upkeepMs: 200, unknownTaskMs: 1_500 }),
      await suite.connect({ name: 'coordinator' }),
      { log: silentLogger },
    );
    actors.push(actor);
    return actor;
  };
  beforeAll(async () => {
    bus = await suite.connect();
    const masters = await openMasters(bus);
    await masters.put({
      name: 'security',
      description: 'finds and mends vulnerabilities',
      keywords: ['CVE', 'vulnerability'],
    });
    await masters.put({
      name: 'development',
      description: 'writes and changes code',
      keywords: ['implement', 'refactor'],
    });
    await masters.close();
    await startOne();
    await startOne();
  });
  afterAll(() => Promise.all(actors.map((actor) => actor.drain(2_000))));

  const submit = (task: object, id?: string) =>
    publish(bus, bus.subjects.submit, task, { type: EVENT_TYPES.taskSubmit, ...(id ? { id } : {}) });
  const last = async (id: string): Promise<LogRecord | undefined> => (await taskLog(bus).last(id))?.record;
  const steps = async (id: string) => (await taskLog(bus).history(id)).map((l) => l.record.step);
  const decided = (id: string) =>
    until(`${id} to be decided`, async () => ((await last(id))?.decision ? last(id) : undefined));
  const claim = (outcome: Outcome) =>
    publish(bus, bus.subjects.outcome(outcome.master ?? 'x'), outcome, { type: EVENT_TYPES.outcome });
  const dead = (stream: string) => deadLettersOf(bus, stream);

  it('decides by its own rules when no router runs, says so, and delivers to the master', async () => {
    await submit({ id: 'rules-1', text: SCAN, priority: 'critical' });
    const record = await decided('rules-1');
    expect(record.decision).toMatchObject({ master: 'security', method: 'rule' });
    expect(record.decision?.explanation.join(' ')).toMatch(/no router is running/);
    const work = await until('the work', () => pullOne(bus, 'LOG', 'work-security-critical'));
    expect(JSON.parse(Buffer.from(work.data).toString())).toMatchObject({
      task: { id: 'rules-1', text: SCAN },
      decision: { master: 'security' },
    });
    await claim({ task: 'rules-1', status: 'completed', master: 'security', worker: 'w', attempt: work.delivery });
    await until('it to be settled', async () => (await last('rules-1'))?.step === 'settled');
    work.ack();
  });

  it('takes plain text from any client and makes the task an id', async () => {
    const watch = bus.nc.subscribe('cortex.live.decided.*');
    await bus.nc.flush();
    bus.nc.publish('cortex.tasks.submit', new TextEncoder().encode('  please fix the CVE in openssl '));
    for await (const msg of watch) {
      const work = JSON.parse(msg.string()) as Work;
      expect(work.task).toMatchObject({ text: 'please fix the CVE in openssl', priority: 'medium' });
      expect(work.task.id).toMatch(/^t-[0-9a-f]{20}$/);
      break;
    }
  });

  it('asks a person when it does not know, and follows the answer', async () => {
    await submit({ id: 'unsure-1', text: 'hello?' });
    const record = await decided('unsure-1');
    expect(record.decision).toMatchObject({ master: 'coordinator', method: 'fallback' });
    const asked = await bus.jsm.streams.getMessage('REVIEWS', { last_by_subj: 'cortex.reviews.requested' });
    expect(JSON.parse(new TextDecoder().decode(asked?.data))).toMatchObject({
      id: record.decision?.review,
      task: 'unsure-1',
    });
    await publish(
      bus,
      bus.subjects.reviewsAnswered,
      { review: record.decision?.review, master: 'development-master', by: 'ann' },
      { type: EVENT_TYPES.reviewAnswered },
    );
    await until('the answer to count', async () => (await last('unsure-1'))?.decision?.master === 'development');
    expect((await last('unsure-1'))?.decision).toMatchObject({ method: 'human', confidence: 1 });
  });

  it('applies one of two hundred claims, and repeats nothing for a repeated submit', async () => {
    for (let i = 0; i < 20; i++) await submit({ id: 'once', text: SCAN });
    await decided('once');
    await Promise.all(
      Array.from({ length: 200 }, (_, i) =>
        claim({ task: 'once', status: i % 2 ? 'completed' : 'failed', worker: `w${i}` }),
      ),
    );
    await until('it to be settled', async () => (await last('once'))?.step === 'settled');
    await until(
      'all claims to be read',
      async () => (await bus.jsm.consumers.info('OUTCOMES', 'coordinator')).num_pending === 0,
    );
    expect(await steps('once')).toEqual(['decided', 'settled']);
  });

  it('honours a pin with or without -master, and refuses one to a master that is not there', async () => {
    await submit({ id: 'pin-1', text: 'whatever', master: 'development-master' });
    expect((await decided('pin-1')).decision).toMatchObject({ master: 'development', method: 'pinned' });
    await submit({ id: 'pin-2', text: 'whatever', master: 'cortex.outcomes.>' });
    const letter = await until('the refusal', async () =>
      (await dead('TASKS')).find((l) => l.reason.includes('cortex.outcomes.>')),
    );
    expect(letter.reason).toMatch(/no master .* is registered \(registered: development, security\)/);
    expect(await last('pin-2')).toBeUndefined();
  });

  it('waits for a master that is registered a moment after the task that names it', async () => {
    await submit({ id: 'early-pin', text: 'whatever', master: 'legal' });
    const masters = await openMasters(bus);
    await masters.put({ name: 'legal', description: 'contracts' });
    expect((await decided('early-pin')).decision).toMatchObject({ master: 'legal', method: 'pinned' });
    await masters.remove('legal');
    await masters.close();
  });

  it('cancels before, after and instead of the submit', async () => {
    const cancel = (task: string) =>
      publish(bus, bus.subjects.cancel, { task, reason: 'not needed', by: 'ann' }, { type: EVENT_TYPES.taskCancel });
    await cancel('c-early');
    await until('the mark', async () => (await last('c-early'))?.settled_as === 'cancelled');
    await submit({ id: 'c-early', text: SCAN });
    await submit({ id: 'c-late', text: SCAN });
    await decided('c-late');
    await cancel('c-late');
    await until('it to be cancelled', async () => (await last('c-late'))?.settled_as === 'cancelled');
    await claim({ task: 'c-late', status: 'completed' });
    await until(
      'everything to be read',
      async () => (await bus.jsm.consumers.info('OUTCOMES', 'coordinator')).num_pending === 0,
    );
    expect(await steps('c-early')).toEqual(['cancelled']);
    expect(await steps('c-late')).toEqual(['decided', 'cancelled']);
  });

  it('expires a task at its deadline', async () => {
    await submit({ id: 'soon', text: SCAN, deadline: new Date(Date.now() + 700).toISOString() });
    await decided('soon');
    await until('it to expire', async () => (await last('soon'))?.step === 'expired');
    expect((await last('soon'))?.reason).toMatch(/deadline .* has passed/);
  });

  it('refuses the claim of a worker whose lease another one has, and takes the newer one', async () => {
    await submit({ id: 'fence', text: SCAN });
    await decided('fence');
    await publish(
      bus,
      bus.subjects.outcome('security'),
      { task: 'fence', status: 'started', attempt: 2, worker: 'w2' },
      { type: EVENT_TYPES.outcome },
    );
    await until('the new lease', async () => (await last('fence'))?.attempts === 2);
    await claim({ task: 'fence', status: 'failed', attempt: 1, worker: 'w1' });
    await claim({ task: 'fence', status: 'completed', attempt: 2, worker: 'w2' });
    await until('it to be settled', async () => (await last('fence'))?.step === 'settled');
    expect((await last('fence'))?.outcome).toMatchObject({ worker: 'w2', status: 'completed' });
  });

  it('takes it for no giving back when somebody else who reads the log looks at a record again later', async () => {
    const reader = { durable_name: 'somebody-else', ack_policy: 'explicit' as never, deliver_policy: 'new' as never };
    await bus.jsm.consumers.add('LOG', reader);
    await submit({ id: 'looked-at', text: SCAN, priority: 'high' });
    await decided('looked-at');
    const work = await until('the work', () => pullOne(bus, 'LOG', 'work-security-high'));
    for (let round = 1; round <= 3; round++) (await until('it', () => pullOne(bus, 'LOG', 'somebody-else'))).nak(1);
    await bus.jsm.consumers.delete('LOG', 'somebody-else');
    await claim({ task: 'looked-at', status: 'completed', attempt: 1, worker: 'w1' });
    await until('it to be settled', async () => (await last('looked-at'))?.step === 'settled');
    expect(await steps('looked-at')).toEqual(['decided', 'settled']);
    work.ack();
  });

  it('refuses the claim of a worker that gave its message back, also when nobody announced anything', async () => {
    await submit({ id: 'given-back', text: SCAN, priority: 'high' });
    await decided('given-back');
    (await until('the work', () => pullOne(bus, 'LOG', 'work-security-high'))).nak(1);
    await until('the notice to be read', async () => (await last('given-back'))?.attempts === 2);
    await claim({ task: 'given-back', status: 'failed', attempt: 1, worker: 'w1' });
    const again = await until('it to come again', () => pullOne(bus, 'LOG', 'work-security-high'));
    await claim({ task: 'given-back', status: 'completed', attempt: again.delivery, worker: 'w2' });
    await until('it to be settled', async () => (await last('given-back'))?.step === 'settled');
    expect((await last('given-back'))?.outcome).toMatchObject({ worker: 'w2' });
    again.ack();
  });

  it('holds the claim of a lost lease back while another worker has the task, also when nobody announced anything', async () => {
    const info = await bus.jsm.consumers.info('LOG', 'work-development-high');
    await bus.jsm.consumers.update('LOG', info.name, { ...info.config, ack_wait: 300_000_000 });
    await submit({ id: 'lost-lease', text: 'implement a refactor', master: 'development', priority: 'high' });
    await decided('lost-lease');
    await until('the work', () => pullOne(bus, 'LOG', 'work-development-high'));
    const again = await until('it to come again', async () => {
      const work = await pullOne(bus, 'LOG', 'work-development-high');
      return work?.delivery === 2 ? work : undefined;
    });
    await claim({ task: 'lost-lease', status: 'failed', attempt: 1, worker: 'w1' });
    await claim({ task: 'lost-lease', status: 'completed', attempt: 2, worker: 'w2' });
    await until('it to be settled', async () => (await last('lost-lease'))?.step === 'settled');
    expect((await last('lost-lease'))?.outcome).toMatchObject({ worker: 'w2' });
    again.ack();
  });

  it('takes cancellations by task, by id and as plain text', async () => {
    for (const [id, payload] of [
      ['c-task', JSON.stringify({ task: 'c-task' })],
      ['c-id', JSON.stringify({ id: 'c-id' })],
      ['c-plain', 'c-plain'],
    ] as const) {
      await submit({ id, text: SCAN });
      await decided(id);
      await bus.js.publish(bus.subjects.cancel, payload);
      await until(`${id} to be cancelled`, async () => (await last(id))?.settled_as === 'cancelled');
    }
  });

  it('gives up work that every worker dropped: failed, in DEAD, and a retry opens it again', async () => {
    await submit({ id: 'poison', text: SCAN, priority: 'low' });
    await decided('poison');
    for (let i = 1; i <= 5; i++) {
      const work = await until(`delivery ${i}`, () => pullOne(bus, 'LOG', 'work-security-low'));
      work.nak(1);
    }
    // The server notices the limit when it would deliver once more.
    await until('the task to be given up', async () => {
      await pullOne(bus, 'LOG', 'work-security-low');
      return (await last('poison'))?.step === 'settled';
    });
    expect((await last('poison'))?.outcome).toMatchObject({ status: 'failed', success: false });
    const letter = await until('the dead letter', async () =>
      (await dead('LOG')).find((l) => l.reason.includes('given up after')),
    );
    expect(JSON.parse(Buffer.from(letter.payload, 'base64').toString()).task.id).toBe('poison');
    await publish(
      bus,
      bus.subjects.reviewsAnswered,
      { task: 'poison', answer: 'retry', by: 'ann' },
      { type: EVENT_TYPES.reviewAnswered },
    );
    const ends = async () => (await steps('poison')).filter((step) => step !== 'escalated');
    await until('it to be decided again', async () => (await ends()).length === 3);
    expect(await ends()).toEqual(['decided', 'settled', 'decided']);
  });

  it('puts what it cannot read into DEAD once, with the field, and decides what comes behind', async () => {
    for (const bad of ['{"text":', '{"text":"x","priority":"urgent"}', '[]', ''])
      bus.nc.publish('cortex.tasks.submit', new TextEncoder().encode(bad));
    bus.nc.publish('cortex.tasks.unheard', new TextEncoder().encode('x'));
    await claim({ task: 'never submitted', status: 'completed' });
    await submit({ id: 'good', text: SCAN });
    await decided('good');
    const reasons = await until('all letters', async () => {
      const letters = [...(await dead('TASKS')), ...(await dead('OUTCOMES'))].map((l) => l.reason);
      return letters.length >= 7 ? letters : undefined;
    });
    for (const expected of [
      'not valid JSON',
      'priority: ',
      'expected object',
      'task: is empty',
      'not a subject Cortex knows',
      'nothing is known of task never submitted',
    ]) {
      expect(
        reasons.filter((r) => r.includes(expected)),
        expected,
      ).toHaveLength(1);
    }
  });

  it('believes a router that answers, and goes on without one that hangs', async () => {
    const helper = await suite.connect({ name: 'router' });
    const beat = startHeartbeat(helper, 'router');
    beat.say('ready');
    let hang = false;
    const server = serveAsks(helper, {
      actor: 'router',
      answer: async (questions) => {
        if (hang) return new Promise(() => undefined);
        return questions.map(() => ({
          probabilities: { development: 0.7, security: 0.2, 'not-registered': 0.1 },
          confidence: 0.7,
          candidates: ['development', 'not-registered'],
          scope: 0.99,
          abstain: false,
          experts: [],
          models: { router: 'router@7' },
          explanation: ['because'],
        }));
      },
    });
    await until('the router to be asked', async () => {
      const id = `routed-${Math.random()}`;
      await submit({ id, text: SCAN });
      return (await decided(id)).decision?.models.router === 'router@7';
    });
    await submit({ id: 'routed', text: SCAN });
    expect((await decided('routed')).decision).toMatchObject({
      master: 'development',
      confidence: 0.7,
      candidates: ['development'],
      method: 'ensemble',
    });
    hang = true;
    await submit({ id: 'hung', text: SCAN });
    const record = await decided('hung');
    expect(record.decision).toMatchObject({ master: 'security', method: 'rule' });
    expect(record.decision?.explanation[0]).toMatch(/did not answer within/);
    beat.say('stopped');
    beat.stop();
    await server.stop(10);
  });

  it('carries what the predictor says of the chosen master, and lets it weigh where settings say so', async () => {
    const helper = await suite.connect({ name: 'helpers' });
    const beats = ['router', 'predictor'].map((actor) => startHeartbeat(helper, actor));
    for (const beat of beats) beat.say('ready');
    const answer = {
      confidence: 0.55,
      candidates: ['development', 'security'],
      scope: 1,
      abstain: false,
      experts: [],
      models: {},
      explanation: [],
    };
    const servers = [
      serveAsks(helper, {
        actor: 'router',
        answer: async (qs) => qs.map(() => ({ ...answer, probabilities: { development: 0.55, security: 0.45 } })),
      }),
      serveAsks(helper, {
        actor: 'predictor',
        answer: async (qs) =>
          qs.map(() => ({
            predictions: { development: { success: 0.2 }, security: { success: 0.95, minutes: { p50: 3, p90: 9 } } },
            models: { success: 'predictor@1' },
          })),
      }),
    ];
    await until('predictions to be carried', async () => {
      const id = `predicted-${Math.random()}`;
      await submit({ id, text: SCAN });
      return (await decided(id)).decision?.prediction;
    });
    await submit({ id: 'plain', text: SCAN });
    expect((await decided('plain')).decision).toMatchObject({
      master: 'development',
      prediction: { success: 0.2 },
      models: { success: 'predictor@1' },
    });
    const settings = await openSettings(bus);
    await settings.set('coordinator.weights', { success: 1 });
    await until('the weights to count', async () => {
      const id = `weighed-${Math.random()}`;
      await submit({ id, text: SCAN });
      const { decision } = await decided(id);
      return decision?.master === 'security' && decision.confidence === 0.45 && decision.prediction?.success === 0.95;
    });
    await settings.unset('coordinator.weights');
    settings.close();
    for (const beat of beats) {
      beat.say('stopped');
      beat.stop();
    }
    await Promise.all(servers.map((server) => server.stop(100)));
  });

  it('makes the work consumers of a master again that somebody deleted', { timeout: 60_000 }, async () => {
    const name = bus.subjects.workConsumer('security', 'medium');
    await bus.jsm.consumers.delete('LOG', name);
    await until('the consumer', () => bus.jsm.consumers.info('LOG', name).catch(() => undefined), 40_000);
  });

  it('throws away behind the ack floor what is worked off', async () => {
    await until('TASKS to be empty', async () => (await bus.jsm.streams.info('TASKS')).state.messages === 0);
  });
});

// The commands as a person types them, against a real nats-server with real actors.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectBus, freePort, testServerBinary, until } from '@cortex/bus';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { freshPlace, oneLine, type Place, type Started, steady } from './testing/run-cli.js';

const TEXT = 'Scan the payments repo for CVE-2026-1234';
// The router's own words are its own business; with rules alone the screens are the same on every machine.
const RULES = { CORTEX_ENCODER: 'none' };

// Each command is a process of its own: on a busy machine a test of many takes a while.
vi.setConfig({ testTimeout: 120_000 });

describe.skipIf('missing' in testServerBinary())('the commands', () => {
  let place: Place;
  let up: Started;
  const run = (...args: string[]) => place.run(args);
  const json = async (...args: string[]) => {
    const ran = await run(...args, '--json');
    expect(ran.code, ran.err).toBe(0);
    return JSON.parse(ran.out);
  };

  beforeAll(async () => {
    place = await freshPlace(RULES);
    up = place.start(['up', '--json', '--actors', 'router=0,predictor=0', '--port', String(await freePort())]);
    await until('up says that it is ready', () => up.out().includes('\n') || up.child.exitCode !== null, 60_000);
    expect(JSON.parse(up.out()), up.err()).toMatchObject({ ready: true, seeded: expect.arrayContaining(['security']) });
  });
  afterAll(() => place.clean());

  it('submit --wait prints the decision, whatever the id', async () => {
    const decision = await json('submit', TEXT, '--wait', '--id', 'odd id. ü/*>');
    expect(decision).toMatchObject({ task: 'odd id. ü/*>', master: 'security', method: 'rule' });
    expect(decision.trace_id).toMatch(/^[0-9a-f]{32}$/);
    // The trace of the decision is the one that the publisher began.
    const again = await json('submit', TEXT, '--wait', '--id', 'odd id. ü/*>');
    expect(again.decided_at).toBe(decision.decided_at);
    const { id, trace_id } = await json('submit', TEXT);
    expect(await until('decided', async () => (await json('explain', id)).trace_id)).toBe(trace_id);
  });

  it('explain says why, task shows the life, a worker does it', async () => {
    await json('submit', TEXT, '--wait', '--id', 't-1', '--priority', 'high');
    const why = steady((await run('explain', 't-1')).out);
    expect(why).toMatch(
      /^t-1 went to security, N % sure\n Scan the payments repo for CVE-2026-1234\n\nWhy: a rule decided\.\n/,
    );
    for (const part of [
      'How likely each master was:\n security N % BAR',
      'Candidates (',
      'Who said what:\n rule security',
      'trace HASH',
    ])
      expect(why).toContain(part);
    expect(why).toMatchSnapshot('explain');
    const worker = place.start(['worker', '--master', 'security', '--exec', 'cat', '--name', 'w-1']);
    await until('t-1 is settled', async () => (await json('task', 't-1')).state === 'settled');
    expect((await worker.end()).code).toBe(0);
    const life = await json('task', 't-1');
    expect(life.records.map((record: { step: string }) => record.step)).toEqual(['decided', 'settled']);
    expect(life.records.at(-1).outcome).toMatchObject({ status: 'completed', worker: 'w-1', attempt: 1 });
    expect(steady((await run('task', 't-1')).out)).toMatchSnapshot('task');
  });

  it('a file of tasks is decided line by line, refusals included', async () => {
    writeFileSync(
      join(place.folder, 'tasks.jsonl'),
      `{"id":"f-1","text":"${TEXT}"}\n{"id":"f-2","text":"deploy the shop to staging"}\n{"id":"f-3","text":"x","master":"coordinator"}\n`,
    );
    const ran = await run('submit', '--file', 'tasks.jsonl', '--wait', '--json');
    expect(ran.code, ran.err).toBe(0);
    const decisions = ran.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(Object.fromEntries(decisions.map((d) => [d.task, d.method]))).toEqual({
      'f-1': 'rule',
      'f-2': expect.any(String),
      'f-3': 'pinned',
    });
    const unknown = await run('submit', 'x', '--master', 'nobody');
    expect(oneLine(unknown)).toBe(
      'cortex: --master: there is no master "nobody"; there are cicd, coordinator, development, inventory, security',
    );
    expect(unknown.code).toBe(2);
  });

  it('a wait that is over says what is open', async () => {
    // A bus of the same server that no coordinator serves.
    const alone = { CORTEX_PREFIX: 'alone' };
    const other = place.start(['up', '--json', '--no-infra', '--actors', 'router=0,predictor=0,coordinator=0'], {
      ...alone,
      CORTEX_HOME: 'other',
      NATS_URL: JSON.parse(up.out()).nats.url,
    });
    await other.says('"ready":true');
    const ran = await place.run(['submit', 'x', '--wait', '--timeout', '2s', '--id', 'lone'], { env: alone });
    expect(ran.err).toMatch(/1 of 1 task undecided after 2\.0 s \(lone\): no coordinator is running/);
    expect(ran.code).toBe(3);
    expect((await other.end()).code).toBe(0);
  });

  it('watch shows what happens, as JSON lines', async () => {
    const watch = place.start(['watch', '--json', '--task', 'w-7', '--count', '1']);
    const human = place.start(['watch', '--task', 'w-7', '--count', '1']);
    await human.says('watching');
    // The other one listens when it has been up for as long.
    await until('both have ended', async () => {
      await run('submit', TEXT, '--id', 'w-7', '--priority', 'low');
      await run('cancel', 'w-7');
      return watch.child.exitCode !== null && human.child.exitCode !== null;
    });
    expect(JSON.parse((await watch.ended).out)).toMatchObject({ event: expect.any(String), task: 'w-7', record: {} });
    expect(steady((await human.ended).out)).toMatch(/^CLOCK (decided|cancelled) +w-7 → security/);
  });

  it('cancel, outcome and correct tell what came of it', async () => {
    await json('submit', TEXT, '--wait', '--id', 'c-1');
    expect((await run('cancel', 'c-1', '--reason', 'no need')).out).toBe('c-1 is cancelled\n');
    expect((await run('outcome', 'c-1', '--status', 'completed')).out).toMatch(
      /c-1 was cancelled already: this report changes nothing/,
    );
    await json('submit', TEXT, '--wait', '--id', 'c-2');
    const claimed = await json('outcome', 'c-2', '--status', 'failed', '--minutes', '3', '--error', 'tests are red');
    expect(claimed).toMatchObject({ state: 'settled', taken: true });
    expect((await json('outcome', 'c-2', '--status', 'completed')).taken).toBe(false);
    expect((await run('correct', 'c-2', 'cicd')).out).toBe('c-2 belonged to cicd: noted, to learn from\n');
    expect((await run('correct', 'c-2', 'dev-master', '--again')).out).toBe(
      'c-2 belongs to development: it goes there\n',
    );
    await until('c-2 is open again', async () => (await json('task', 'c-2')).state === 'decided');
    expect(await json('explain', 'c-2')).toMatchObject({ master: 'development', method: 'human' });
    await json('submit', TEXT, '--wait', '--id', 'c-3');
    expect((await run('correct', 'c-3', 'dev-master')).out).toBe('c-3 belongs to development: it goes there\n');
    await until('c-3 has moved', async () => (await json('explain', 'c-3')).master === 'development');
    const unknown = await run('correct', 'c-3', 'nobody');
    expect(oneLine(unknown)).toMatch(/^cortex: MASTER: there is no master "nobody"; there are cicd, /);
    expect(unknown.code).toBe(2);
    for (const args of [
      ['task', 'nope'],
      ['explain', 'nope'],
      ['outcome', 'nope', '--status', 'failed'],
      ['correct', 'nope', 'cicd'],
    ]) {
      const ran = await run(...args);
      expect(oneLine(ran)).toContain('no task "nope" is in the log');
      expect(ran.code).toBe(1);
    }
  });

  it('masters change live', async () => {
    expect(steady((await run('masters', 'list')).out)).toMatchSnapshot('masters list');
    const added = await run(
      'masters',
      'add',
      'legal-master',
      '--description',
      'Contracts and licences',
      '--keyword',
      'NDA',
      '--alias',
      'law',
    );
    expect(added.out).toBe('legal added: 0 examples, 1 word\n');
    await run('masters', 'add', 'law', '--example', 'Review the contract with Acme');
    expect(await json('masters', 'show', 'legal')).toMatchObject({
      keywords: ['NDA'],
      examples: ['Review the contract with Acme'],
    });
    const decision = await until('the new master is chosen', async () => {
      const found = await json('submit', 'Look over the NDA of Acme', '--wait');
      return found.master === 'legal' && found;
    });
    expect(decision.confidence).toBeGreaterThan(0.5);
    expect((await json('masters', 'pause', 'legal')).status).toBe('paused');
    expect((await json('masters', 'resume', 'legal')).status).toBe('active');
    expect((await run('masters', 'add', 'other', '--alias', 'law')).err).toBe(
      'cortex: "law" already means master "legal"\n',
    );
    expect((await run('masters', 'remove', 'law')).out).toBe('legal removed\n');
    const gone = await run('masters', 'remove', 'legal');
    expect(oneLine(gone)).toMatch(/there is no master "legal"/);
    expect(gone.code).toBe(2);
  });

  it('a question to a person is listed, answered, and gone', async () => {
    const decision = await json('submit', 'zzz qqq', '--wait', '--id', 'q-1');
    expect(decision).toMatchObject({ master: 'coordinator', review: expect.any(String) });
    const [question] = await json('review', 'list');
    expect(question).toMatchObject({ id: decision.review, task: 'q-1', kind: 'routing' });
    expect(steady((await run('review', 'list')).out)).toMatchSnapshot('review list');
    expect((await run('review', 'answer', 'q-1', 'nobody')).code).toBe(2);
    expect((await run('review', 'answer', 'q-1', 'security')).out).toBe('q-1 goes to security\n');
    await until('q-1 has moved', async () => (await json('explain', 'q-1')).master === 'security');
    expect(await json('review', 'list')).toEqual([]);
    expect(await json('review', 'list', '--all')).toHaveLength(1);
    expect((await run('review', 'answer', decision.review, 'cicd')).code).toBe(1);
  });

  it('dead letters are listed, shown, put back and dropped', async () => {
    const bus = await connectBus({ servers: JSON.parse(up.out()).nats.url, name: 'stranger' });
    await bus.js.publish(bus.subjects.submit, '{"text":7}');
    await bus.js.publish(bus.subjects.submit, JSON.stringify({ id: 'd-1', text: 'for later', master: 'later' }));
    await bus.close();
    const letters = await until('two letters', async () => {
      const list = await json('dead', 'list');
      return list.length === 2 && list;
    });
    expect(letters[1].reason).toMatch(/text: /);
    const later = letters[0].id;
    expect((await json('dead', 'show', later)).payload_text).toContain('for later');
    expect(steady((await run('dead', 'list')).out)).toMatchSnapshot('dead list');
    expect(steady((await run('dead', 'show', letters[1].id)).out)).toMatchSnapshot('dead show');
    await run('masters', 'add', 'later', '--description', 'what comes later');
    expect((await run('dead', 'retry', later)).out).toBe(`${later}: published again on cortex.tasks.submit\n`);
    await until('d-1 is decided', async () => (await run('explain', 'd-1')).code === 0);
    expect((await run('dead', 'drop', '--all')).out).toBe(`${letters[1].id} dropped\n`);
    expect((await run('dead', 'list')).err).toBe('cortex: there are no dead letters\n');
    const none = await run('dead', 'show', 'TASKS-999');
    expect(oneLine(none)).toMatch(/ID: there is no dead letter "TASKS-999"/);
    expect(none.code).toBe(2);
    await run('masters', 'remove', 'later');
  });

  it('alerts are listed, worst first, with what was done', async () => {
    const bus = await connectBus({ servers: JSON.parse(up.out()).nats.url, name: 'stranger' });
    const alert = {
      id: 'stuck/security',
      kind: 'stuck',
      at: new Date().toISOString(),
      status: 'firing',
      summary: 'security does not come along',
      cause: 'its only worker was not heard of for a minute',
      action: 'the tasks it held were given to others',
      task: 't-1',
    };
    await bus.js.publish(bus.subjects.alert('critical'), JSON.stringify({ ...alert, severity: 'critical' }));
    await bus.close();
    expect(steady((await run('alerts', 'list', '--severity', 'critical')).out)).toMatchSnapshot('alerts list');
  });

  it('prompts are listed, shown and compared, with who serves and who is tried', async () => {
    const prompt = {
      name: 'triage',
      system: 'You do the work of {{master}}.',
      user: 'The task:\n{{task}}',
      changelog: 'the first one',
    };
    writeFileSync(join(place.folder, 'one.json'), JSON.stringify(prompt));
    const second = { ...prompt, user: `${prompt.user}\nSay how sure you are.`, changelog: 'asks how sure' };
    writeFileSync(join(place.folder, 'two.json'), JSON.stringify(second));
    expect((await run('prompts', 'add', 'one.json')).out).toBe('triage@1 added, and serves\n');
    await run('prompts', 'add', 'two.json');
    await run('prompts', 'assign', 'triage@2', '--candidate', '--share', '0.2');
    expect(steady((await run('prompts', 'list')).out)).toMatchSnapshot('prompts list');
    expect(steady((await run('prompts', 'show', 'triage@2')).out)).toMatchSnapshot('prompts show');
    expect(steady((await run('prompts', 'diff', 'triage@1', 'triage@2')).out)).toMatchSnapshot('prompts diff');
    expect(steady((await run('actions', 'list', '--kind', 'assign-prompt')).out)).toMatchSnapshot('actions list');
  });

  it('doctor finds what is missing', async () => {
    const ran = await run('doctor', '--json');
    // The router was left out on purpose.
    expect(ran.code).toBe(1);
    const { checks } = JSON.parse(ran.out) as { checks: { name: string; verdict: string; found: string }[] };
    const verdicts = Object.fromEntries(checks.map((check) => [check.name, check.verdict]));
    expect(verdicts).toMatchObject({
      node: 'ok',
      'nats-server': 'ok',
      bus: 'ok',
      sync: 'ok',
      jetstream: 'ok',
      streams: 'ok',
      consumers: 'ok',
      masters: 'ok',
      actors: 'fail',
      clock: 'ok',
      encoder: 'warn',
      traces: 'warn',
      vectors: 'ok',
      training: 'ok',
      permissions: 'ok',
    });
    expect(checks.find((check) => check.name === 'actors')?.found).toMatch(
      /^coordinator × 1\b.*; not running: router, predictor$/,
    );
  });
});

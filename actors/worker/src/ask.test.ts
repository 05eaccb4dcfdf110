// A job that asks a person, on a real bus: answered, answered before a second attempt, not answered, answered with rubbish.
import { type Bus, publish, silentLogger, testServerBinary, until } from '@cortex/bus';
import { EVENT_TYPES, type ReviewAnswer, type ReviewRequest, type Telemetry } from '@cortex/schemas';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startTestBus, type TestBus } from './bus-for-tests.js';
import { type Handler, type PersonsAnswer, type RunningWorker, type WorkerOptions, worker } from './index.js';

let test: TestBus;
let masters = 0;
let started: RunningWorker[] = [];
let asked: ReviewRequest[] = [];

describe.skipIf('missing' in testServerBinary())('a job that asks a person', () => {
  beforeAll(async () => {
    test = await startTestBus({ leaseMs: 2_000, maxDeliver: 3, masters: Array.from({ length: 6 }, (_, i) => `m${i}`) });
    test.bus.nc.subscribe(test.bus.subjects.reviewsRequested, {
      callback: (_, message) => void asked.push(message.json<ReviewRequest>()),
    });
  });
  afterEach(async () => {
    await Promise.all(started.map((w) => w.stop(0)));
    started = [];
    asked = [];
  });
  afterAll(() => test.close());

  const freshMaster = () => `m${masters++}`;
  async function start(master: string, handle: Handler, more: Partial<WorkerOptions> = {}): Promise<RunningWorker> {
    const running = await worker({
      ...{ master, handle, servers: test.server.url, log: silentLogger, signals: false, telemetry: false },
      ...{ pollMinMs: 100, pollMaxMs: 300, ...more },
    });
    started.push(running);
    return running;
  }
  const outcomeOf = (task: string) =>
    until(`an outcome of ${task}`, async () => (await test.outcomes()).find((outcome) => outcome.task === task));
  const question = () => until('a question', () => asked[0]);

  it('waits for the answer, does others meanwhile, and neither its limit nor its minutes count the wait', async () => {
    const master = freshMaster();
    let heard: PersonsAnswer | undefined;
    const beats: Telemetry[] = [];
    const hearing = test.bus.nc.subscribe(test.bus.subjects.telemetryAll, {
      callback: (_, message) => void beats.push(message.json<Telemetry>()),
    });
    await start(
      master,
      async (job) => {
        if (job.task.id !== 'drop') return;
        heard = await job.ask('May the old table go?', {
          choices: ['Yes', 'no'],
          default: 'no',
          context: { rows: 17 },
        });
        return { said: heard.answer };
      },
      { concurrency: 1, timeLimitMs: 1_500 },
    );
    await test.decide('drop', { master });
    const request = await question();
    expect(request).toMatchObject({ kind: 'worker', task: 'drop', choices: ['Yes', 'no'], context: { rows: 17 } });
    await test.decide('other', { master });
    await outcomeOf('other');
    await until('telemetry says that it asks', () => beats.some(({ asking }) => asking?.includes('drop')));
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    await answer(test.bus, { review: request.id, task: 'drop', answer: 'perhaps', by: 'mia' });
    await answer(test.bus, { review: 'ask-another', task: 'drop', answer: 'no', by: 'mia' });
    await answer(test.bus, {
      review: request.id,
      task: 'drop',
      answer: ' yes ',
      by: 'dee',
      comment: 'nobody reads it',
    });
    const outcome = await outcomeOf('drop');
    hearing.unsubscribe();
    expect(heard).toEqual({ answer: 'Yes', by: 'dee', comment: 'nobody reads it', expired: false });
    expect(outcome).toMatchObject({ status: 'completed', said: 'Yes' });
    expect(outcome.minutes).toBeLessThan(2_000 / 60_000);
    expect(asked).toHaveLength(1);
  }, 60_000);

  it('asks once, however often its worker dies: the next one hears the answer given meanwhile', async () => {
    const master = freshMaster();
    const answers: PersonsAnswer[] = [];
    const handle: Handler = async (job) => {
      answers.push(await job.ask('Which region?'));
    };
    const first = await start(master, handle, { abortGraceMs: 50 });
    await test.decide('region', { master });
    const request = await question();
    await first.stop(0);
    await answer(test.bus, { review: request.id, answer: 'north', by: 'dee' });
    await start(master, handle);
    await outcomeOf('region');
    expect(answers).toEqual([{ answer: 'north', by: 'dee', expired: false }]);
    expect(asked).toHaveLength(1);
  }, 60_000);

  it('goes on with the default when nobody answers, by the watchdog’s word or by its own clock', async () => {
    const master = freshMaster();
    const answers = new Map<string, PersonsAnswer>();
    await start(master, async (job) => {
      answers.set(job.task.id, await job.ask('Now?', { default: 'later', waitMs: job.task.id === 'own' ? 1 : 60_000 }));
    });
    await test.decide('told', { master });
    const request = await question();
    await answer(test.bus, { review: request.id, answer: 'expired', by: 'watchdog', default: true });
    await outcomeOf('told');
    await test.decide('own', { master });
    await outcomeOf('own');
    expect([...answers]).toEqual([
      ['told', { answer: 'later', expired: true }],
      ['own', { answer: 'later', expired: true }],
    ]);
  }, 60_000);

  it('stops waiting when the task is cancelled, and names what is wrong with a question', async () => {
    const master = freshMaster();
    const ends: unknown[] = [];
    await start(master, async (job) => {
      if (job.task.id === 'bad') return void (await job.ask('Which?', { choices: [] }));
      await job.ask('For ever?').catch((error: Error) => void ends.push(error.name));
    });
    const decided = await test.decide('gone', { master });
    await question();
    await test.step('cancelled', 'gone', decided);
    await until('it ended', () => ends.length === 1);
    expect(ends).toEqual(['JobStopped']);
    await test.decide('bad', { master });
    expect(await outcomeOf('bad')).toMatchObject({ status: 'failed', error: expect.stringContaining('choices') });
  }, 60_000);
});

const answer = (bus: Bus, message: ReviewAnswer) =>
  publish(bus, bus.subjects.reviewsAnswered, message, { type: EVENT_TYPES.reviewAnswered });

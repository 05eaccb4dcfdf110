// Five hundred unsure tasks and the people asked about them: some answer late, some contradict each other, one vanishes.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { coordinatorActor } from '@cortex/actor-coordinator';
import { collectRows, lastOfLog } from '@cortex/actor-trainer';
import { watchdogActor } from '@cortex/actor-watchdog';
import { openMasters, runActor, silentLogger, until } from '@cortex/bus';
import { describeOnServer } from '@cortex/bus/testing';
import type { LogRecord, ReviewAnswer, ReviewRequest } from '@cortex/schemas';
import { expect, it } from 'vitest';
import { readLog } from '../harness/ledger.js';

const CORTEX = fileURLToPath(new URL('../../../ops/dist/cli/main.js', import.meta.url));
const run = promisify(execFile);
const TASKS = 500;
const PEOPLE = ['ada', 'bob', 'cy'];

describeOnServer('five hundred unsure tasks', (suite) => {
  it('all end in a defined state, and the trainer learns what people said, with their names', async () => {
    const bus = await suite.connect();
    const { subjects } = bus;
    const masters = await openMasters(bus);
    for (const name of ['security', 'cicd']) await masters.put({ name });
    const coordinator = await runActor(coordinatorActor({}), await suite.connect(), { log: silentLogger });
    const watchdog = await runActor(
      watchdogActor({
        tickMs: 200,
        takeOverMs: 800,
        reviewers: PEOPLE,
        reviewsADay: 1_000,
        assignMs: 3_000,
        reviewMs: 25_000,
        anomaliesADay: 0,
      }),
      await suite.connect(),
      { log: silentLogger },
    );
    const assigned = new Map<string, Set<string>>();
    const given: ReviewAnswer[] = [];
    const byHand: string[] = [];
    const late: string[] = [];
    bus.nc.subscribe(subjects.reviewsAnswered, { callback: (_e, msg) => void given.push(msg.json<ReviewAnswer>()) });
    bus.nc.subscribe(subjects.reviewsRequested, {
      callback(_error, msg) {
        const { id, task = '', assigned_to: who } = msg.json<ReviewRequest>();
        if (typeof who !== 'string') return;
        const before = assigned.get(id) ?? new Set();
        assigned.set(id, before.add(who));
        const n = Number(task.slice(2));
        // Cy has left. Every tenth question nobody can answer. The command line takes a few.
        if (who === 'cy' || n % 10 === 9) return;
        // A slow command line is no reason to ask somebody else's opinion as well.
        if (byHand.includes(id)) return;
        if (byHand.length < 3) return void byHand.push(id);
        if (n % 10 === 8) return void late.push(task);
        const say = (by: string, master: string) =>
          bus.nc.publish(subjects.reviewsAnswered, JSON.stringify({ review: id, task, master, by }));
        say(who, n % 2 ? 'security' : 'cicd');
      },
    });
    // Somebody sees what was answered, and knows better.
    const contradicted = new Set<string>();
    /** A busy machine may decide so late that a deadline has passed before anybody was asked. */
    const over = new Set<string>();
    const questionOf = (id: string) => id.slice('route-'.length);
    bus.nc.subscribe(subjects.live('*'), {
      callback(_error, msg) {
        const { task, correction, settled_as } = msg.json<LogRecord>();
        if (settled_as === 'expired') over.add(task.id);
        if (Number(task.id.slice(2)) % 10 !== 7 || correction?.by === undefined || contradicted.has(task.id)) return;
        contradicted.add(task.id);
        bus.nc.publish(
          subjects.reviewsAnswered,
          JSON.stringify({ review: `route-${task.id}`, task: task.id, master: 'cicd', by: 'dee' }),
        );
      },
    });
    for (let n = 0; n < TASKS; n++) {
      // Half of those that nobody can answer have a deadline of their own.
      const deadline = n % 20 === 9 ? { deadline: new Date(Date.now() + 8_000).toISOString() } : {};
      bus.nc.publish(
        subjects.submit,
        JSON.stringify({ id: `t-${n}`, text: `something odd, number ${n}`, ...deadline }),
      );
    }
    await until('questions for the command line', () => byHand.length === 3, 30_000);
    const env = { ...process.env, NATS_URL: suite.server().url };
    await Promise.all(byHand.map((id) => run(process.execPath, [CORTEX, 'review', 'answer', id, 'security'], { env })));
    await until(
      'every question to be answered or over',
      () => new Set([...over, ...given.flatMap(({ review }) => (review ? [questionOf(review)] : []))]).size === TASKS,
      150_000,
    );
    // Too late for the question, not for the task.
    for (const task of late)
      bus.nc.publish(subjects.reviewsAnswered, JSON.stringify({ task, master: 'cicd', by: 'ada' }));
    const lasts = async () => [...(await readLog(bus)).values()].map((entries) => entries.at(-1)?.record as LogRecord);
    const stateOf = (record: LogRecord): string => {
      if (record.settled_as !== undefined) return record.settled_as;
      if (record.decision?.method === 'human') return 'moved by a person';
      return given.some((answer) => answer.task === record.task.id && answer.default === true)
        ? 'stays, by default'
        : 'open';
    };
    await until(
      'late and contradicting answers to move their tasks',
      async () => {
        const records = await lasts();
        return late.every((task) => records.find((r) => r.task.id === task)?.decision?.method === 'human');
      },
      60_000,
    );
    const counts: Record<string, number> = {};
    for (const record of await lasts()) counts[stateOf(record)] = (counts[stateOf(record)] ?? 0) + 1;
    expect(counts).toEqual({ 'moved by a person': 450, expired: 25, 'stays, by default': 25 });
    const labels = (await lasts()).filter((record) => record.correction !== undefined);
    expect(labels).toHaveLength(450);
    expect(labels.every(({ correction }) => correction?.by !== undefined && correction.by !== 'watchdog')).toBe(true);
    // The trainer's own reading of the log: what was said last of each task, and by whom. Defaults teach nothing.
    const lastSaid = () => {
      const said = new Map<string, ReviewAnswer>();
      for (const answer of given) {
        const task = answer.task ?? questionOf(answer.review ?? '');
        // Who says the same as was said before adds nothing: on a busy machine a question passes on while its answer is under way.
        if (answer.default !== true && said.get(task)?.master !== answer.master) said.set(task, answer);
      }
      return said;
    };
    const routing = await until(
      'the trainer to read what was said last, and by whom',
      async () => {
        const rows = (await collectRows(bus, await lastOfLog(bus))).routing;
        const said = lastSaid();
        return rows.every(({ task, label, source, sayer }) => {
          const last = said.get(task);
          return label === last?.master && source === 'correction' && sayer === `person:${last?.by}`;
        })
          ? rows
          : undefined;
      },
      60_000,
    );
    expect(routing).toHaveLength(450);
    expect(routing.filter(({ sayer }) => sayer === 'person:dee').length).toBe(contradicted.size);
    expect(contradicted.size).toBeGreaterThan(40);
    // What lay with cy went to somebody else.
    const passed = [...assigned.values()].filter((who) => who.has('cy') && who.size > 1);
    expect(passed.length).toBeGreaterThan(20);
    await watchdog.drain(1_000);
    await coordinator.drain(1_000);
    await masters.close();
  }, 300_000);
});

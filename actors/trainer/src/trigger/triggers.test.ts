import type { Bus } from '@cortex/bus';
import { describeOnServer } from '@cortex/bus/testing';
import type { Alert } from '@cortex/schemas';
import { beforeAll, describe, expect, it } from 'vitest';
import { Board } from '../job/board.js';
import { Documents } from '../job/documents.js';
import { registerMasters, settleTasks } from '../testing/history.js';
import { dueSince } from './due.js';
import { Triggers } from './triggers.js';

describe('when a schedule is due', () => {
  const at = (text: string) => new Date(`2026-11-${text}Z`);
  it('a pattern names moments in UTC, whatever the machine thinks the time is', () => {
    expect(dueSince('0 3 * * *', at('22T02:59:00'), at('22T03:00:00'))).toEqual(at('22T03:00:00'));
    expect(dueSince('0 3 * * *', at('22T03:00:00'), at('23T02:59:59'))).toBeUndefined();
  });
  it('nights that were missed are one training', () => {
    expect(dueSince('0 3 * * *', at('01T12:00:00'), at('22T12:00:00'))).toEqual(at('22T03:00:00'));
  });
  it('weekly is weekly: 22 November 2026 is a Sunday', () => {
    expect(dueSince('0 4 * * 0', at('16T12:00:00'), at('22T12:00:00'))).toEqual(at('22T04:00:00'));
    expect(dueSince('0 4 * * 0', at('22T12:00:00'), at('28T12:00:00'))).toBeUndefined();
  });
  it('what is no pattern is refused by name', () => {
    expect(() => dueSince('each night', at('01T00:00:00'), at('02T00:00:00'))).toThrow(
      /"each night" is no cron pattern/,
    );
  });
});

describeOnServer('what asks for a training', (suite) => {
  let bus: Bus;
  let board: Board;
  let clock = new Date('2026-11-20T12:00:00Z');
  const said: string[] = [];
  const triggers = (settings: Partial<ConstructorParameters<typeof Triggers>[0]['settings']>) =>
    new Triggers({
      bus,
      board,
      settings: { schedules: [], volume: 0, drift_pause_minutes: 30, ...settings },
      say: (message) => said.push(message),
      now: () => clock,
    });
  const jobs = async () => (await board.list()).map((s) => s.job);
  const messages = async () => (await bus.jsm.streams.info(bus.subjects.stream('JOBS'))).state.messages;
  const NIGHTLY = [{ cron: '0 3 * * *', families: ['router'], tune: 0, neural: true }];

  beforeAll(async () => {
    bus = await suite.connect();
    board = new Board(await Documents.open(bus), 'test');
    await registerMasters(bus);
  });

  it('the clock: once a night, by however many trainers, and not when there is nothing new', async () => {
    const three = [
      triggers({ schedules: NIGHTLY }),
      triggers({ schedules: NIGHTLY }),
      triggers({ schedules: NIGHTLY }),
    ];
    const all = () => Promise.all(three.map((t) => t.look()));
    await all();
    expect(await jobs()).toEqual([]);
    clock = new Date('2026-11-21T03:00:10Z');
    await all();
    expect(await jobs()).toEqual([]);
    expect(said.at(-1)).toMatch(/nothing was settled/);
    await settleTasks(bus, 6);
    clock = new Date('2026-11-22T03:00:10Z');
    await all();
    await all();
    const [job, ...others] = await jobs();
    expect(others).toEqual([]);
    expect(job).toMatchObject({
      family: 'router',
      reason: 'schedule 0 3 * * *, due 2026-11-22T03:00:00.000Z',
      options: { neural: true },
    });
    expect(await messages()).toBe(1);
  });

  it('volume: enough settled tasks since the last training, failed or not', async () => {
    const eager = triggers({ volume: 10 });
    await eager.look();
    expect((await jobs()).filter((j) => j.id.startsWith('volume'))).toEqual([]);
    await settleTasks(bus, 6, 100);
    await eager.look();
    await eager.look();
    const asked = (await jobs()).filter((j) => j.id.startsWith('volume'));
    expect(asked.map((j) => j.family).sort()).toEqual(['predictor', 'router']);
    expect(asked[0]?.reason).toBe('12 tasks were settled since the last training');
    const { state } = await bus.jsm.streams.info(bus.subjects.stream('LOG'));
    for (const family of ['router', 'predictor'])
      await board.setLast(family, { job: 'x', at: clock.toISOString(), until: state.last_seq });
    await settleTasks(bus, 9, 200);
    await eager.look();
    expect((await jobs()).filter((j) => j.id.startsWith('volume'))).toHaveLength(2);
    await settleTasks(bus, 1, 300);
    await eager.look();
    expect((await jobs()).filter((j) => j.id.startsWith('volume'))).toHaveLength(4);
  });

  it('drift: the family that drifts, all where none is named, not twice within the pause, and nothing else', async () => {
    const alert = (id: string, kind: string, evidence?: Record<string, unknown>): Alert => ({
      id,
      kind,
      severity: 'warning',
      summary: 'labels changed',
      at: clock.toISOString(),
      ...(evidence ? { evidence } : {}),
    });
    const watchful = triggers({});
    const drifted = async () => (await jobs()).filter((j) => j.id.startsWith('drift')).map((j) => j.family);
    await watchful.drift(alert('a', 'no-heartbeat'));
    expect(await drifted()).toEqual([]);
    await watchful.drift(alert('b', 'drift', { family: 'success' }));
    expect(await drifted()).toEqual(['predictor']);
    await watchful.drift(alert('c', 'label-drift'));
    expect((await drifted()).sort()).toEqual(['predictor', 'router']);
    await watchful.drift(alert('d', 'drift'));
    expect(await drifted()).toHaveLength(2);
    clock = new Date(clock.getTime() + 31 * 60_000);
    await watchful.drift(alert('e', 'drift'));
    expect(await drifted()).toHaveLength(4);
  });
});

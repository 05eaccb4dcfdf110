import type { LogRecord } from '@cortex/schemas';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../metrics/index.js';
import { hearRecord, historiesOf, type TaskLife, TrackRecords } from './index.js';
import { MOST_MASTERS } from './track-record.js';

const HOUR = 3_600_000;
const START = Date.UTC(2026, 10, 20);

describe('a track record', () => {
  it('rolls over the latest twenty tasks, and leaves out what was never measured', () => {
    const records = new TrackRecords();
    for (let i = 0; i < 30; i++) {
      records.decided(`t${i}`, 'a', START + i);
      records.ended(`t${i}`, 'a', START + i * HOUR, { success: i >= 20, ...(i % 2 ? { minutes: i } : {}) });
    }
    const { a } = records.at(START + 31 * HOUR);
    expect(a).toEqual({ success: 0.5, minutes: 20, load: 0, freshnessHours: 2, tasks: 20 });
    expect(records.at(START).nobody).toBeUndefined();
  });

  it('counts tasks in hand for each worker there is, whoever had them before', () => {
    const records = new TrackRecords();
    for (const worker of ['w1', 'w2']) records.ended(worker, 'a', START, { success: true, worker });
    for (const task of ['x', 'y', 'z']) records.decided(task, 'a', START + 1);
    expect(records.at(START + 2).a?.load).toBe(1.5);
    records.decided('z', 'b', START + 3);
    records.ended('y', 'a', START + 4);
    expect(records.at(START + 5)).toMatchObject({ a: { load: 0.5, tasks: 2 }, b: { load: 1 } });
    expect(records.at(START + 5).b).not.toHaveProperty('success');
  });

  it('forgets what is older than a week, and says a thing twice once', () => {
    const records = new TrackRecords();
    records.ended('old', 'a', START, { success: false });
    records.ended('new', 'a', START + 6 * 24 * HOUR, { success: true });
    records.ended('new', 'a', START + 6 * 24 * HOUR, { success: true });
    expect(records.at(START + 6.5 * 24 * HOUR).a).toMatchObject({ tasks: 2, success: 0.5 });
    expect(records.at(START + 8 * 24 * HOUR).a).toMatchObject({ tasks: 1, success: 1 });
    expect(records.at(START + 20 * 24 * HOUR)).toEqual({});
  });

  it('keeps to the masters that were active last, whatever they are called', () => {
    const records = new TrackRecords();
    for (let i = 0; i < 80; i++) records.ended(`t${i}`, i === 79 ? '__proto__' : `m${i}`, START + i, { success: true });
    const known = Object.keys(records.at(START + 100));
    expect(known).toHaveLength(MOST_MASTERS);
    expect(known).toContain('__proto__');
    expect(known).not.toContain('m3');
  });
});

/** Tasks of three masters, one after another, some still in hand, many at the same moment. */
function randomLives(): TaskLife[] {
  const random = seededRandom(3);
  return Array.from({ length: 120 }, (_, i) => {
    const decidedAt = START + Math.floor(i / 3) * HOUR;
    const work = { success: random() < 0.6, minutes: 10 * random(), worker: `w${Math.floor(3 * random())}` };
    const endedAt = decidedAt + Math.floor(5 * random()) * HOUR;
    const base = { task: `t${i}`, master: `m${Math.floor(3 * random())}`, decidedAt };
    if (random() < 0.1) return base;
    return random() < 0.1 ? { ...base, endedAt } : { ...base, endedAt, work };
  });
}

describe('the past replayed', () => {
  const lives = randomLives();
  const all = new Set(lives.map(({ task }) => task));

  it('shows a task nothing of its own outcome, nor of anything at its moment or later', () => {
    const before = historiesOf(lives, all);
    expect(before.size).toBeGreaterThan(100);
    for (const [i, life] of lives.entries()) {
      // Everything from this moment on turned to its opposite.
      const turned = lives.map((other) => {
        if ((other.endedAt ?? 0) < life.decidedAt || !other.work) return other;
        return { ...other, work: { ...other.work, success: !other.work.success, minutes: 999, worker: 'other' } };
      });
      if (i % 10 === 0) expect(historiesOf(turned, new Set([life.task])).get(life.task)).toEqual(before.get(life.task));
    }
  });

  it('is what a follower of the log knew just before the task was decided', () => {
    const replayed = historiesOf(lives, all);
    const record = (life: TaskLife, step: 'decided' | 'settled'): LogRecord =>
      ({
        step,
        at: new Date(step === 'decided' ? life.decidedAt : (life.endedAt ?? 0)).toISOString(),
        task: { id: life.task, priority: 'medium' },
        decision: { master: life.master },
        ...(step === 'settled' ? { settled_as: life.work ? 'settled' : 'cancelled' } : {}),
        ...(step === 'settled' && life.work ? { outcome: { task: life.task, status: 'completed', ...life.work } } : {}),
      }) as unknown as LogRecord;
    const log = lives
      .flatMap((life) => [record(life, 'decided'), ...(life.endedAt === undefined ? [] : [record(life, 'settled')])])
      .sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
    for (const { task, decidedAt } of lives) {
      const live = new TrackRecords();
      for (const one of log) if (Date.parse(one.at) < decidedAt) hearRecord(live, one);
      expect(live.at(decidedAt)).toEqual(replayed.get(task) ?? {});
    }
  });
});

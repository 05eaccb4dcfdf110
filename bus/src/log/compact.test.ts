import type { NewLogRecord } from '@cortex/schemas';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Bus } from '../connection/connect.js';
import { pullOne } from '../consume/puller.js';
import { RevisionConflict } from '../errors.js';
import { provisionMaster } from '../provision/provision.js';
import { until } from '../testing/nats-server.js';
import { describeOnServer } from '../testing/suite.js';
import { COMPACTOR, type CompactOptions, compactLog, lowestFloor } from './compact.js';
import { type Logged, taskLog } from './log.js';

const NOW = { settledForMs: 0 };

const task = (id: string) => ({ id, priority: 'high' as const });
const decided = (id: string): NewLogRecord => ({
  step: 'decided',
  task: { ...task(id), text: `scan ${id}` },
  decision: {
    task: id,
    master: 'security',
    confidence: 0.9,
    probabilities: { security: 0.9 },
    experts: [],
    method: 'ensemble',
    propensity: 1,
    candidates: ['security'],
    models: {},
    arm: 'champion',
    explanation: [],
    latency_ms: 1,
    decided_at: new Date().toISOString(),
  },
});
const settled = (id: string): NewLogRecord => ({
  step: 'settled',
  task: task(id),
  outcome: { task: id, status: 'completed', success: true },
  settled_as: 'settled',
});

describe('the floor behind which the log is compacted', () => {
  const reader = (name: string, ackFloor: number, behind: number, served = true) => ({
    name,
    ackFloor,
    behind,
    served,
  });
  it('is the lowest of all readers that have something left', () => {
    const readers = [reader('recorder', 40, 3), reader('trainer', 70, 1)];
    expect(lowestFloor(readers, 100)).toEqual({ floor: 40, heldBy: 'recorder' });
    expect(lowestFloor([reader('recorder', 0, 100)], 100).floor).toBe(0);
  });
  it('is not held by a reader that is done, by workers, or by compaction itself', () => {
    expect(lowestFloor([reader('recorder', 12, 0)], 100)).toEqual({ floor: 100 });
    expect(lowestFloor([reader('work-security-high', 0, 5), reader('compactor', 0, 9)], 100).floor).toBe(100);
  });
  it('is held by a reader nobody serves only while there is space', () => {
    const abandoned = [reader('deployer', 0, 9, false), reader('recorder', 60, 2)];
    expect(lowestFloor(abandoned, 100, 0.5).heldBy).toBe('deployer');
    expect(lowestFloor(abandoned, 100, 0.9)).toEqual({ floor: 60, heldBy: 'recorder' });
  });
});

describeOnServer('compaction of the log', (suite) => {
  // One reader is enough here; those of further actors would only have to be read as well.
  beforeAll(async () => {
    const bus = await suite.connect();
    const stream = bus.subjects.stream('LOG');
    for await (const { name } of bus.jsm.consumers.list(stream))
      if (name !== 'recorder' && name !== COMPACTOR) await bus.jsm.consumers.delete(stream, name);
  });
  const steps = async (bus: Bus, id: string) => (await taskLog(bus).history(id)).map((l) => l.record.step);
  async function life(bus: Bus, id: string, ...more: NewLogRecord[]): Promise<Logged> {
    const log = taskLog(bus);
    let last = await log.append(id, decided(id), 'security', 'high', undefined);
    for (const record of more) last = await log.append(id, record, 'security', 'high', last);
    return last;
  }
  /** What a recorder does: takes and acknowledges, at most `most` records. */
  async function readBy(bus: Bus, consumer: string, most = Number.POSITIVE_INFINITY): Promise<number[]> {
    const seen: number[] = [];
    while (seen.length < most) {
      const delivery = await pullOne(bus, bus.subjects.stream('LOG'), consumer);
      if (!delivery) break;
      seen.push(delivery.sequence);
      delivery.ack();
    }
    await bus.nc.flush();
    return seen;
  }

  /** Compacts until so many records are gone: what an earlier call gave back is there again a moment later. */
  async function removes(bus: Bus, count: number, options: CompactOptions = NOW): Promise<void> {
    let removed = 0;
    await until(`${count} records removed`, async () => {
      removed += (await compactLog(bus, options)).removed;
      return removed >= count;
    });
    expect(removed).toBe(count);
  }

  it('leaves the last record of a task at its end, and the same id is still refused', async () => {
    const bus = await suite.connect();
    const last = await life(bus, 'done', settled('done'));
    await life(bus, 'open');
    await readBy(bus, 'recorder');
    expect(await compactLog(bus, NOW)).toMatchObject({ tasks: 1, removed: 1 });
    expect(await steps(bus, 'done')).toEqual(['settled']);
    expect(await steps(bus, 'open')).toEqual(['decided']);
    const log = taskLog(bus);
    await expect(log.append('done', decided('done'), 'security', 'high', undefined)).rejects.toBeInstanceOf(
      RevisionConflict,
    );
    expect((await log.last('done'))?.record.record).toBe(last.record.record);
    // And whoever knows the last record goes on from it.
    const corrected: NewLogRecord = { ...settled('done'), step: 'corrected', correction: { master: 'cicd' } };
    await log.append('done', corrected, 'security', 'high', await log.last('done'));
    await readBy(bus, 'recorder');
    await compactLog(bus, NOW);
    expect(await steps(bus, 'done')).toEqual(['corrected']);
  });

  it('removes nothing that some reader has not acknowledged', async () => {
    const bus = await suite.connect();
    for (const id of ['f-1', 'f-2', 'f-3']) await life(bus, id, settled(id));
    expect((await compactLog(bus, NOW)).removed).toBe(0);
    await readBy(bus, 'recorder', 4);
    await removes(bus, 2);
    expect([await steps(bus, 'f-2'), await steps(bus, 'f-3')]).toEqual([['settled'], ['decided', 'settled']]);
    // The reader gets what was left to it, and then the rest goes.
    expect(await readBy(bus, 'recorder')).toHaveLength(2);
    await removes(bus, 1);
  });

  it('spares tasks that ended lately, unless space runs short', async () => {
    const bus = await suite.connect();
    await life(bus, 'young', settled('young'));
    await readBy(bus, 'recorder');
    expect((await compactLog(bus)).removed).toBe(0);
    await removes(bus, 1, { pressure: 0 });
  });

  it('leaves a task that was corrected but is not at its end, and its work reaches the worker', async () => {
    const bus = await suite.connect();
    await provisionMaster(bus, 'security');
    const open: NewLogRecord = { ...decided('waits'), step: 'corrected', correction: { master: 'security' } };
    await life(bus, 'waits', open);
    await life(bus, 'ended', settled('ended'));
    await readBy(bus, 'recorder');
    await removes(bus, 1);
    expect(await steps(bus, 'waits')).toEqual(['decided', 'corrected']);
    const work: string[] = [];
    for (;;) {
      const delivery = await pullOne(bus, bus.subjects.stream('LOG'), bus.subjects.workConsumer('security', 'high'));
      if (!delivery) break;
      work.push(JSON.parse(new TextDecoder().decode(delivery.data)).task.id);
      delivery.ack();
    }
    expect(work).toContain('waits');
    expect(work).not.toContain('ended');
  });

  it('several at once, while tasks are decided, settled, corrected and tried again, lose no last record and no unread one', async () => {
    const bus = await suite.connect();
    const others = await Promise.all([1, 2].map(() => suite.connect()));
    await readBy(bus, 'recorder');
    const ids = Array.from({ length: 120 }, (_, i) => `busy-${i}`);
    const appended: Logged[] = [];
    let going = true;
    const compacting = others.map(async (other) => {
      while (going) await compactLog(other, NOW);
    });
    const seen: number[] = [];
    const reading = (async () => {
      while (going) seen.push(...(await readBy(bus, 'recorder', 20)));
    })();
    const log = taskLog(bus);
    for (const [i, id] of ids.entries()) {
      const records: NewLogRecord[] = [settled(id)];
      if (i % 3 === 0) records.push({ ...settled(id), step: 'corrected', correction: { master: 'cicd' } });
      if (i % 4 === 0) records.push(decided(id));
      let last = await log.append(id, decided(id), 'security', 'high', undefined);
      appended.push(last);
      for (const record of records) {
        last = await log.append(id, record, 'security', 'high', last);
        appended.push(last);
      }
    }
    going = false;
    await Promise.all([...compacting, reading]);
    seen.push(...(await readBy(bus, 'recorder')));
    await until('all compacted', async () => {
      await compactLog(bus, NOW);
      const { num_pending, num_ack_pending } = await bus.jsm.consumers.info(bus.subjects.stream('LOG'), COMPACTOR);
      return num_pending + num_ack_pending === 0;
    });
    expect(seen).toEqual(expect.arrayContaining(appended.map((l) => l.sequence)));
    const last = new Map(appended.map((l) => [l.record.task.id, l.record.record]));
    for (const id of ids) {
      const history = await log.history(id);
      expect(history.at(-1)?.record.record).toBe(last.get(id));
      // One record, or with the attempt that followed it two.
      expect(history.length).toBe(history.at(-1)?.record.step === 'decided' ? 2 : 1);
    }
  });
});

import { expect, it } from 'vitest';
import { RevisionConflict } from '../errors.js';
import { until } from '../testing/nats-server.js';
import { describeOnServer } from '../testing/suite.js';
import { taskLog } from './log.js';

const decided = (id: string) => ({ step: 'decided' as const, task: { id, text: 'x', priority: 'high' as const } });

describeOnServer('the task log', (suite) => {
  it('lets exactly one of many racing writers win, and the others see the winner', async () => {
    const buses = await Promise.all([1, 2, 3].map(() => suite.connect()));
    const logs = buses.map(taskLog);
    for (let round = 0; round < 100; round++) {
      const id = `race ${round} . > *`;
      const results = await Promise.allSettled(
        logs.flatMap((log) => [0, 1, 2].map(() => log.append(id, decided(id), 'security', 'high', undefined))),
      );
      const won = results.filter((r) => r.status === 'fulfilled');
      expect(won).toHaveLength(1);
      for (const r of results) if (r.status === 'rejected') expect(r.reason).toBeInstanceOf(RevisionConflict);
      const last = await logs[0]?.last(id);
      expect(last?.record.record).toBe(won[0]?.status === 'fulfilled' ? won[0].value.record.record : 'none');
    }
  });

  it('knows its own append when the acknowledgement was lost, also after somebody appended on top', async () => {
    const bus = await suite.connect();
    const log = taskLog(bus);
    const other = taskLog(await suite.connect());
    const publish = bus.js.publish.bind(bus.js);
    let cut = true;
    bus.js.publish = (async (...args: Parameters<typeof publish>) => {
      const ack = await publish(...args);
      if (!cut) return ack;
      cut = false;
      const mine = await other.last('lost');
      await other.append('lost', { step: 'settled', task: { id: 'lost', priority: 'high' } }, 'security', 'high', mine);
      throw new Error('the acknowledgement was lost');
    }) as typeof bus.js.publish;
    const logged = await log.append('lost', decided('lost'), 'security', 'high', undefined);
    expect(logged.record.step).toBe('decided');
    expect((await log.history('lost')).map((l) => l.record.step)).toEqual(['decided', 'settled']);
  });

  it('appends once across a kill -9 of the server', async () => {
    const log = taskLog(await suite.connect());
    await suite.server().kill();
    const appended = log.append('survivor', decided('survivor'), 'security', 'high', undefined);
    await suite.server().restart();
    const logged = await appended;
    expect((await log.history('survivor')).map((l) => l.record.record)).toEqual([logged.record.record]);
  });

  it('repeats every step on the live subject', async () => {
    const bus = await suite.connect();
    const seen: string[] = [];
    bus.nc.subscribe('cortex.live.decided.security', {
      callback: (_e, m) => void seen.push(JSON.parse(m.string()).task.id),
    });
    await bus.nc.flush();
    await taskLog(bus).append('live-1', decided('live-1'), 'security', 'high', undefined);
    await until('the step on the live subject', () => seen.includes('live-1'));
  });
});

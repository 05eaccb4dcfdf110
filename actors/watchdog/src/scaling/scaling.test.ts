import { openMasters, provisionMaster, silentLogger, taskLog } from '@cortex/bus';
import { describeOnServer, until } from '@cortex/bus/testing';
import { decodeMessage, type Forecast, forecastSchema } from '@cortex/schemas';
import { describe, expect, it } from 'vitest';
import { Demands } from './demand.js';
import { scalingSchema, startScaling } from './scaling.js';

const decision = (master: string, minutes?: number) => ({
  master,
  ...(minutes === undefined ? {} : { prediction: { minutes: { p50: minutes, p90: 2 * minutes } } }),
});
type Taken = Parameters<Demands['take']>[0];

describe('demand', () => {
  it('is counted per master and bin, and the work believed as predicted until it is measured', () => {
    const demands = new Demands();
    for (let i = 0; i < 3; i++) demands.take({ step: 'decided', decision: decision('a', 2) } as Taken);
    demands.take({ step: 'decided', decision: decision('b') } as Taken);
    const first = demands.close();
    expect(first.get('a')).toEqual({ arrivals: 3, serviceSeconds: 120 });
    expect(first.get('b')).toEqual({ arrivals: 1 });
    for (let i = 0; i < 5; i++)
      demands.take({ step: 'settled', decision: decision('a'), outcome: { minutes: 1 } } as Taken);
    const second = demands.close().get('a');
    expect(second?.arrivals).toBe(0);
    expect(second?.serviceSeconds).toBeCloseTo(60, 9);
    expect(second?.serviceScatter).toBeCloseTo(0, 9);
  });
});

describeOnServer('forecasts', ({ connect }) => {
  it('say how many workers a busy master needs, and only while this watchdog leads', async () => {
    const bus = await connect({ name: 'scaling' });
    const masters = await openMasters(bus);
    await masters.put({ name: 'busy', description: 'has much to do' });
    await provisionMaster(bus, 'busy');
    const said: Forecast[] = [];
    const subscription = bus.nc.subscribe(bus.subjects.forecasts, {
      callback: (_error, message) => {
        said.push(decodeMessage('forecast', forecastSchema, message.data));
      },
    });
    let leads = false;
    const scaling = startScaling({
      bus,
      settings: scalingSchema.parse({ bin_seconds: 0.2, wait_seconds: 1, start_seconds: 0.2 }),
      leads: () => leads,
      masters: () => ['busy'],
      log: silentLogger,
    });
    try {
      const log = taskLog(bus);
      const submit = async (n: number) => {
        const task = { id: `t-${n}`, text: 'work', priority: 'medium' as const };
        const { record } = await log.append(
          task.id,
          {
            step: 'decided',
            task,
            decided_revision: 1,
            decision: {
              task: task.id,
              master: 'busy',
              confidence: 0.9,
              probabilities: { busy: 0.9 },
              experts: [],
              method: 'ensemble',
              propensity: 1,
              candidates: ['busy'],
              models: {},
              arm: 'champion',
              explanation: [],
              latency_ms: 1,
              decided_at: new Date().toISOString(),
              prediction: { minutes: { p50: 0.05, p90: 0.1 } },
            },
          },
          'busy',
          'medium',
          undefined,
        );
        scaling.take(record);
      };
      for (let n = 0; n < 20; n++) await submit(n);
      expect(said).toEqual([]);
      leads = true;
      let n = 20;
      await until('a forecast that asks for workers', async () => {
        await submit(n++);
        return (said.at(-1)?.replicas ?? 0) >= 2;
      });
      expect(said.at(-1)).toMatchObject({ what: 'arrivals.busy', master: 'busy', service_seconds: 3 });
      // Nobody works: all of it waits.
      expect(Number(said.at(-1)?.waiting)).toBeGreaterThan(10);
    } finally {
      scaling.stop();
      subscription.unsubscribe();
      await masters.close();
    }
  });
});

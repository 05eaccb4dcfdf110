import { type Bus, runActor, silentLogger, until } from '@cortex/bus';
import { describeOnServer } from '@cortex/bus/testing';
import { type Alert, alertSchema, decodeMessage, encodeMessage } from '@cortex/schemas';
import { expect, it } from 'vitest';
import { watchdogActor } from './actor.js';

const QUICK = { tickMs: 100, backlogMs: 200, takeOverMs: 1_000, mode: 'watch' } as const;

/** Beats each 300 ms until told to stop. */
function beating(bus: Bus, worker: string): () => void {
  const say = () =>
    bus.nc.publish(
      bus.subjects.telemetry(worker),
      encodeMessage({ worker, master: 'security', at: new Date().toISOString(), status: 'idle', gauges: { cpu: 0.1 } }),
    );
  const timer = setInterval(say, 300);
  say();
  return () => clearInterval(timer);
}

function listen(bus: Bus): Alert[] {
  const alerts: Alert[] = [];
  bus.nc.subscribe(bus.subjects.alerts, {
    callback: (_error, msg) => void alerts.push(decodeMessage('alert', alertSchema, msg.data)),
  });
  return alerts;
}

describeOnServer('the watchdog', (suite) => {
  it('raises one alert for a worker that falls silent and resolves it when the worker is back; two watchdogs say it once', async () => {
    const bus = await suite.connect();
    const alerts = listen(bus);
    const [a, b] = await Promise.all(
      [await suite.connect(), await suite.connect()].map((own) =>
        runActor(watchdogActor(QUICK), own, { log: silentLogger }),
      ),
    );
    const stop = beating(bus, 'w-silent');
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    stop();
    await until('the alert', () => alerts.find((x) => x.kind === 'no-heartbeat' && x.status === 'firing'), 20_000);
    const again = beating(bus, 'w-silent');
    await until('its end', () => alerts.find((x) => x.kind === 'no-heartbeat' && x.status === 'resolved'), 20_000);
    again();
    expect(alerts.filter((x) => x.kind === 'no-heartbeat' && x.status === 'firing')).toHaveLength(1);
    const [fired, over] = alerts.filter((x) => x.kind === 'no-heartbeat');
    expect(fired).toMatchObject({ worker: 'w-silent', master: 'security', severity: 'warning' });
    expect(fired?.evidence).toHaveProperty('silent_ms');
    expect(over?.id).toBe(fired?.id);
    await Promise.all([a?.drain(), b?.drain()]);
  }, 60_000);
});

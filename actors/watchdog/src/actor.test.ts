import { type Bus, publish, runActor, runConsumer, silentLogger, until } from '@cortex/bus';
import { describeOnServer } from '@cortex/bus/testing';
import { type Action, type Alert, alertSchema, decodeMessage, EVENT_TYPES, encodeMessage } from '@cortex/schemas';
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

  it('finds an actor that is alive and takes nothing, and makes it anew where it stands', async () => {
    const bus = await suite.connect();
    const alerts = listen(bus);
    const actions: Action[] = [];
    bus.nc.subscribe(bus.subjects.actions, { callback: (_error, msg) => void actions.push(msg.json<Action>()) });
    let starts = 0;
    const taken: number[] = [];
    const wedged = await runActor(
      {
        name: 'coordinator',
        description: 'hangs over its first tasks until it is made anew',
        async start(context) {
          const hangs = starts++ === 0;
          const running = runConsumer(context.bus, {
            stream: context.bus.subjects.stream('TASKS'),
            consumer: 'coordinator',
            template: 'tasks',
            concurrency: 2,
            async handle(delivery) {
              if (hangs) await new Promise(() => undefined);
              taken.push(delivery.sequence);
            },
          });
          context.add({ name: 'tasks', stop: (limitMs) => running.stop(limitMs) });
        },
      },
      await suite.connect(),
      { log: silentLogger },
    );
    const watchdog = await runActor(
      watchdogActor({ ...QUICK, mode: 'act', graceMs: 100, thresholds: { wedgedMs: 1_500 } }),
      await suite.connect(),
      { log: silentLogger },
    );
    for (let i = 0; i < 8; i++)
      await publish(
        bus,
        bus.subjects.submit,
        { id: `w-${i}`, text: 'x' },
        { type: EVENT_TYPES.taskSubmit, id: `w-${i}` },
      );
    const alert = await until('the alert', () => alerts.find(({ kind }) => kind === 'wedged-actor'), 20_000);
    expect(alert).toMatchObject({ actor: 'coordinator', severity: 'critical' });
    const target = `actor:coordinator/${wedged.instance}`;
    await until('the restart', () => actions.find(({ kind, state }) => kind === 'restart-actor' && state === 'done'));
    expect(actions.find(({ kind }) => kind === 'restart-actor')).toMatchObject({ target, alert: alert.id });
    await until('the work to go on', () => starts === 2 && taken.length > 0, 20_000);
    await until('what was done, on the alert', () => alerts.some(({ action }) => action?.includes(target)));
    await watchdog.drain();
    await wedged.drain(100);
  }, 60_000);
});

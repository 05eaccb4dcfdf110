import { afterEach, describe, expect, it } from 'vitest';
import { actorsHere } from '../actor/here.js';
import { runActor, silentLogger } from '../actor/runtime.js';
import { until } from '../testing/nats-server.js';
import { describeOnServer } from '../testing/suite.js';
import { type Monitor, type MonitorOptions, monitorAddress, startMonitor } from './monitor.js';
import { startTelemetry } from './setup.js';

const open: Monitor[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((monitor) => monitor.close()));
});

async function monitor(options: Partial<MonitorOptions>): Promise<Monitor> {
  const at = { host: '127.0.0.1', port: 0, exact: true };
  const started = await startMonitor({ actor: 'test', parts: () => [], at, ...options });
  if (!started) throw new Error('it is not off');
  open.push(started);
  return started;
}

const get = async (url: string) => {
  const response = await fetch(url);
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
};

describe('the monitor of a process', () => {
  it('says that it lives, and is ready only when every part serves', async () => {
    let parts = [{ name: 'router', state: 'ready' }];
    const { url } = await monitor({ parts: () => parts });
    expect((await get(`${url}/healthz`)).status).toBe(200);
    expect((await get(`${url}/readyz`)).status).toBe(200);
    parts = [...parts, { name: 'predictor', state: 'starting' }];
    const answer = await get(`${url}/readyz`);
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.text)).toEqual({ ready: false, parts });
    parts = [];
    expect((await get(`${url}/readyz`)).status).toBe(503);
    expect((await get(`${url}/nothing`)).status).toBe(404);
    expect((await fetch(`${url}/readyz`, { method: 'POST' })).status).toBe(405);
  });

  it('lists every process to be scraped in the form of Prometheus', async () => {
    const { url, address } = await monitor({ targets: () => [{ address: '127.0.0.1:5', actor: 'router' }] });
    expect(JSON.parse((await get(`${url}/targets`)).text)).toEqual([
      { targets: [address], labels: { actor: 'test' } },
      { targets: ['127.0.0.1:5'], labels: { actor: 'router' } },
    ]);
  });

  it('says so when telemetry is switched off, and lives on', async () => {
    process.env.OTEL_SDK_DISABLED = 'true';
    const telemetry = await startTelemetry({ service: 'test' });
    delete process.env.OTEL_SDK_DISABLED;
    const { url } = await monitor({ metricsText: telemetry.metricsText });
    expect(await get(`${url}/metrics`)).toMatchObject({ status: 404, text: 'metrics are switched off\n' });
    expect((await get(`${url}/healthz`)).status).toBe(200);
    await telemetry.shutdown();
  });

  it('listens where it is told, on loopback otherwise, and takes the next port only when none was asked for', async () => {
    expect(monitorAddress({})).toEqual({ host: '127.0.0.1', port: 9_464, exact: false });
    expect(monitorAddress({ CORTEX_MONITOR: 'off' })).toBeUndefined();
    expect(monitorAddress({ CORTEX_MONITOR: '0.0.0.0:80' })).toEqual({ host: '0.0.0.0', port: 80, exact: true });
    expect(monitorAddress({ CORTEX_MONITOR: '[::1]:80' })).toEqual({ host: '::1', port: 80, exact: true });
    expect(monitorAddress({ OTEL_EXPORTER_PROMETHEUS_PORT: '9500' })).toMatchObject({ port: 9_500, exact: true });
    expect(() => monitorAddress({ CORTEX_MONITOR: 'here' })).toThrow('CORTEX_MONITOR: "here" is no port');
    const first = await monitor({});
    const port = Number(first.address.split(':')[1]);
    const next = await monitor({ at: { host: '127.0.0.1', port, exact: false } });
    expect(next.address).not.toBe(first.address);
    await expect(monitor({ at: { host: '127.0.0.1', port, exact: true } })).rejects.toThrow('EADDRINUSE');
  });
});

describeOnServer('readiness of real actors', (suite) => {
  it('goes when the bus goes, and the state of each actor is a metric', async () => {
    const telemetry = await startTelemetry({ service: 'test' });
    const bus = await suite.connect();
    const actor = await runActor({ name: 'demo', description: 'for the test', start: async () => {} }, bus, {
      log: silentLogger,
    });
    const { url } = await monitor({ parts: actorsHere, metricsText: telemetry.metricsText });
    expect((await get(`${url}/readyz`)).status).toBe(200);
    const metrics = await get(`${url}/metrics`);
    expect(metrics.type).toContain('version=0.0.4');
    expect(metrics.text).toContain('cortex_actor_state{actor="demo",state="ready"} 1\n');
    expect(metrics.text).toContain('cortex_actor_state{actor="demo",state="failed"} 0\n');
    expect(metrics.text).toContain('cortex_bus_connected{actor="demo"} 1\n');
    await suite.server().kill();
    await until('the process to be unready', async () => (await get(`${url}/readyz`)).status === 503);
    expect((await get(`${url}/metrics`)).text).toContain('cortex_bus_connected{actor="demo"} 0\n');
    await suite.server().restart();
    await until('it to be ready again', async () => (await get(`${url}/readyz`)).status === 200, 20_000);
    expect((await get(`${url}/metrics`)).text).toContain('cortex_bus_reconnects_total{actor="demo"} 1\n');
    await actor.drain();
    expect((await get(`${url}/readyz`)).status).toBe(503);
    expect((await get(`${url}/metrics`)).text).not.toContain('actor="demo",state=');
    await telemetry.shutdown();
  });
});

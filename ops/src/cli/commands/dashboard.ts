// `cortex dashboard`: the pages alone, for a system that runs elsewhere. `cortex up` starts it by itself.
import { connectBus, startTelemetry } from '@cortex/bus';
import type { Command } from 'commander';
import { type Dashboard, dashboardSettings, NoPages, startDashboard } from '../../dashboard/index.js';
import { beatTo } from '../../up/index.js';
import { Failed } from '../failures.js';
import { type BusFlags, busAddress, parsePort, withBusOptions, withExample, withJsonOption } from '../options.js';
import { colours, note, printLine, printText } from '../output/index.js';
import { askedToEnd } from '../signals.js';

interface Flags extends BusFlags {
  host?: string;
  port?: number;
  json?: boolean;
}

export function addDashboard(program: Command): void {
  const command = program
    .command('dashboard')
    .summary('the pages: see it, ask why, act')
    .description(
      'Serves the dashboard for the system on this bus and prints its address ("cortex up" does so by itself).\nOn loopback the printed link logs you in; elsewhere set CORTEX_DASHBOARD_TOKEN (operator) and CORTEX_DASHBOARD_READ_TOKEN (may look, not act).',
    )
    .option('--host <address>', 'address to listen on (default: CORTEX_DASHBOARD_HOST, else 127.0.0.1)')
    .option(
      '--port <port>',
      'port to listen on (default: CORTEX_DASHBOARD_PORT, else 4280 or the next free one)',
      parsePort,
    );
  withBusOptions(command);
  withJsonOption(command, 'print one line of JSON when it is ready');
  withExample(command, 'dashboard', 'dashboard --nats nats://bus.example:4222 --port 8080');
  command.action(dashboard);
}

async function dashboard(flags: Flags): Promise<void> {
  const settings = dashboardSettings({
    ...(flags.host === undefined ? {} : { host: flags.host }),
    ...(flags.port === undefined ? {} : { port: flags.port }),
  });
  const address = busAddress(flags);
  const telemetry = await startTelemetry({ service: 'cortex-dashboard' });
  const asked = askedToEnd(() => process.exit(1));
  let page: Dashboard | undefined;
  const supervised = process.send !== undefined;
  const bus = await connectBus({
    servers: address.servers,
    prefix: address.prefix,
    name: 'dashboard',
    waitMs: 5_000,
    ...(address.creds === undefined ? {} : { creds: address.creds }),
    onState: (state) => page?.busChanged(state),
  });
  try {
    page = await startDashboard(bus, settings).catch((error: unknown) => {
      throw error instanceof NoPages ? new Failed(error.message) : error;
    });
    const { url, link, port } = page;
    process.send?.({ cortex: 'dashboard', url, link, port, pid: process.pid });
    if (flags.json) printLine({ ready: true, pid: process.pid, url, link });
    else if (!supervised) printText(`${colours().bold('Dashboard')}  ${link}\n${colours().dim('Ctrl-C stops it.')}`);
    const orphaned = new Promise<void>((resolve) => {
      beatTo(process, () => ({ state: 'ready' }), resolve);
    });
    await Promise.race([asked, orphaned]);
    if (!flags.json && !supervised) note('cortex: stopping');
    await page.stop();
  } finally {
    await bus.close();
    await telemetry.shutdown();
  }
}

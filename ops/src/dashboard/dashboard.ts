// Starts the dashboard on a bus: settings in, an address out. It holds a connection of its own and nothing that must not be lost.
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Bus } from '@cortex/bus';
import { getRequestListener } from '@hono/node-server';
import { Failed } from '../cli/failures.js';
import { person } from '../cli/session.js';
import { librarianOf } from './library.js';
import { live } from './live.js';
import { readPages } from './pages.js';
import { dashboardApp } from './server.js';
import type { DashboardSettings } from './settings.js';
import { traceLinks } from './tasks/life.js';
import type { BusWord } from './wire.js';
import { watchWorld } from './world.js';

export interface Dashboard {
  /** Without a token. */
  readonly url: string;
  /** What to open: carries the token when it was made here. */
  readonly link: string;
  readonly port: number;
  busChanged(state: BusWord): void;
  stop(): Promise<void>;
}

const NEXT_PORTS = 40;
const version = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
).version;

/** Listens on the port asked for, else on the next free one. Throws Failed when there is none, NoPages before a build. */
export async function startDashboard(bus: Bus, settings: DashboardSettings): Promise<Dashboard> {
  const pages = await readPages();
  const world = watchWorld(bus);
  const stream = live(world);
  const librarian = librarianOf(world);
  let port = 0;
  const app = dashboardApp({
    world,
    librarian,
    live: stream,
    pages,
    tokens: settings.tokens,
    host: settings.host,
    port: () => port,
    allowedHosts: settings.allowedHosts,
    version,
    person: person(),
    traceLink: traceLinks(settings.tracesUrl),
  });
  const server = createServer(getRequestListener(app.fetch));
  try {
    port = await listen(server, settings);
  } catch (error) {
    stream.close();
    librarian.close();
    await world.close();
    throw error;
  }
  const host = settings.host.includes(':') ? `[${settings.host}]` : settings.host;
  const url = `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${port}/`;
  return {
    url,
    // Behind the hash: it stays in the browser, out of logs and referrers.
    link: settings.tokenInLink ? `${url}#token=${settings.tokens.operator}` : url,
    port,
    busChanged: (state) => stream.busChanged(state),
    async stop() {
      stream.close();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      librarian.close();
      await world.close();
    },
  };
}

async function listen(server: Server, { host, port, fixedPort }: DashboardSettings): Promise<number> {
  for (let tries = 0; ; tries++) {
    const wanted = port === 0 ? 0 : port + tries;
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(wanted, host, () => {
          server.off('error', reject);
          resolve();
        });
      });
      return (server.address() as AddressInfo).port;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EADDRINUSE')
        throw new Failed(
          `the dashboard cannot listen on ${host}:${wanted} (${code}): choose another with --port or CORTEX_DASHBOARD_PORT`,
        );
      if (fixedPort || tries >= NEXT_PORTS)
        throw new Failed(`port ${wanted} is taken: give the dashboard another with --port or CORTEX_DASHBOARD_PORT`);
    }
  }
}

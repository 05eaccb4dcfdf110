// What every suite on a real server needs: one server, connections that are closed again, and a skip with its reason where there is none.
import { afterAll, beforeAll, describe } from 'vitest';
import { type Bus, type BusOptions, connectBus } from '../connection/connect.js';
import { provision } from '../provision/provision.js';
import { startTestServer, type TestServer, testServerBinary } from './nats-server.js';

export interface Suite {
  server(): TestServer;
  /** A connection that the suite closes at its end. */
  connect(options?: Partial<BusOptions>): Promise<Bus>;
}

/** `describe` with a provisioned server of its own. */
export function describeOnServer(title: string, tests: (suite: Suite) => void, args: string[] = []): void {
  const binary = testServerBinary();
  const missing = 'missing' in binary ? binary.missing : undefined;
  describe.skipIf(missing !== undefined)(missing ? `${title} (skipped: ${missing})` : title, () => {
    let server: TestServer | undefined;
    const open: Bus[] = [];
    const connect: Suite['connect'] = async (options = {}) => {
      const bus = await connectBus({ servers: server?.url ?? '', name: 'test', ...options });
      open.push(bus);
      return bus;
    };
    beforeAll(async () => {
      server = await startTestServer(args);
      await provision(await connect());
    });
    afterAll(async () => {
      await Promise.all(open.map((bus) => bus.close()));
      await server?.stop();
    });
    tests({
      server() {
        if (!server) throw new Error('the server is started before the tests of this suite run');
        return server;
      },
      connect,
    });
  });
}

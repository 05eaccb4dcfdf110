// A nats-server that dies at a chosen moment of a client's life: a proxy counts the client's requests to JetStream, and at the nth the server is
// killed -9, before it can answer, and comes back a moment later.
import { createServer, connect as dial, type Socket } from 'node:net';
import type { TestServer } from '@cortex/bus/testing';

export interface CutOff {
  readonly url: string;
  /** Whether the server has died and come back. */
  happened(): boolean;
  close(): Promise<void>;
}

const AWAY_MS = 200;

/** @param request at the how many-th request the server dies, from 1 */
export async function cutOffAt(server: TestServer, request: number): Promise<CutOff> {
  const sockets = new Set<Socket>();
  let requests = 0;
  let state: 'up' | 'away' | 'back' = 'up';
  const die = async () => {
    state = 'away';
    for (const socket of sockets) socket.destroy();
    await server.kill();
    await new Promise((resolve) => setTimeout(resolve, AWAY_MS));
    await server.restart();
    state = 'back';
  };
  const proxy = createServer((client) => {
    if (state === 'away') return client.destroy();
    const upstream = dial(server.port, '127.0.0.1');
    for (const socket of [client, upstream]) sockets.add(socket.on('error', () => undefined));
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy()).pipe(client);
    client.on('data', (data) => {
      requests += data.toString('latin1').match(/(^|\r\n)H?PUB \$JS\./g)?.length ?? 0;
      if (state === 'up' && requests >= request) void die();
      else if (!upstream.destroyed) upstream.write(data);
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const address = proxy.address();
  return {
    url: `nats://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
    happened: () => state === 'back',
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}

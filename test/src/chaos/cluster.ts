// Three nats-servers as a cluster on one machine, each in a network namespace of its own where this machine lets us make some: then a node
// can be cut off as by a pulled cable.
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort, startTestServer, type TestServer } from '@cortex/bus/testing';
import { CannotHere } from './scenario.js';

const run = promisify(execFile);

export interface Node {
  readonly name: string;
  readonly server: TestServer;
  /** Its network namespace, where it has one. */
  readonly namespace?: string;
  /** Cuts it off from everybody, or joins it again. */
  cut(off: boolean): Promise<void>;
}

export interface Cluster {
  readonly nodes: readonly Node[];
  /** All addresses, comma separated. */
  readonly url: string;
  stop(): Promise<void>;
}

/** On loopback, without namespaces: nodes can be killed, not cut off. */
export async function loopbackCluster(folder: string): Promise<Cluster> {
  const routes = await Promise.all([freePort(), freePort(), freePort()]);
  const ports = await Promise.all([freePort(), freePort(), freePort()]);
  const places = routes.map((route, i) => ({ host: '127.0.0.1', port: ports[i] as number, route, via: [] }));
  return startNodes(folder, places, async () => {
    throw new CannotHere('a node on loopback cannot be cut off');
  });
}

/** Each node behind a cable of its own to one bridge. Throws {@link CannotHere} when this machine does not let us. */
export async function namespaceCluster(folder: string): Promise<Cluster> {
  const id = process.pid % 10_000;
  // A private network that this machine has no way to yet.
  const net = `10.${200 + (id % 50)}.${Math.floor(id / 50) % 250}`;
  const bridge = `cxb${id}`;
  const names = [1, 2, 3].map((n) => `cx${id}n${n}`);
  const undo = async () => {
    for (const name of names) await run('ip', ['netns', 'del', name]).catch(() => undefined);
    await run('ip', ['link', 'del', bridge]).catch(() => undefined);
  };
  try {
    await run('ip', ['link', 'add', bridge, 'type', 'bridge']);
    await run('ip', ['addr', 'add', `${net}.254/24`, 'dev', bridge]);
    await run('ip', ['link', 'set', bridge, 'up']);
    for (const [i, name] of names.entries()) {
      const [out, into] = [`cxo${id}${i}`, `cxi${id}${i}`];
      await run('ip', ['netns', 'add', name]);
      await run('ip', ['link', 'add', out, 'type', 'veth', 'peer', 'name', into]);
      await run('ip', ['link', 'set', into, 'netns', name]);
      await run('ip', ['link', 'set', out, 'master', bridge, 'up']);
      await run('ip', ['netns', 'exec', name, 'ip', 'addr', 'add', `${net}.${i + 1}/24`, 'dev', into]);
      await run('ip', ['netns', 'exec', name, 'ip', 'link', 'set', into, 'up']);
      await run('ip', ['netns', 'exec', name, 'ip', 'link', 'set', 'lo', 'up']);
    }
  } catch (error) {
    await undo();
    throw new CannotHere(`network namespaces cannot be made here (${(error as Error).message.trim()})`);
  }
  const places = names.map((name, i) => ({
    host: `${net}.${i + 1}`,
    port: 4222,
    route: 6222,
    via: ['ip', 'netns', 'exec', name],
  }));
  try {
    const cluster = await startNodes(folder, places, async (i, off) => {
      await run('ip', ['link', 'set', `cxo${id}${i}`, off ? 'down' : 'up']);
    });
    return {
      ...cluster,
      async stop() {
        await cluster.stop();
        await undo();
      },
    };
  } catch (error) {
    await undo();
    throw error;
  }
}

interface Place {
  readonly host: string;
  readonly port: number;
  readonly route: number;
  readonly via: readonly string[];
}

async function startNodes(
  folder: string,
  places: readonly Place[],
  cut: (node: number, off: boolean) => Promise<void>,
): Promise<Cluster> {
  const routes = places.map(({ host, route }) => `nats://${host}:${route}`);
  const nodes: Node[] = [];
  const stop = async () => void (await Promise.all(nodes.map(({ server }) => server.stop())));
  try {
    for (const [i, { host, port, route, via }] of places.entries()) {
      const name = `n${i + 1}`;
      const dir = join(folder, name);
      await mkdir(dir, { recursive: true });
      const args = ['-n', name, '--cluster_name', 'chaos', '--cluster', `nats://${host}:${route}`];
      const server = await startTestServer([...args, '--routes', routes.join(',')], { host, port, dir, via });
      const namespace = via.at(-1);
      nodes.push({ name, server, ...(namespace === undefined ? {} : { namespace }), cut: (off) => cut(i, off) });
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { nodes, url: places.map(({ host, port }) => `nats://${host}:${port}`).join(','), stop };
}

// What the doctor sees without a bus: Node, nats-server, encoder, disk, the way of traces.
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MINIMUM_NATS_SERVER, provideEncoder, provideNatsServer } from '../../provide/index.js';
import { homeFolder } from '../../up/index.js';
import { portAnswers } from '../reach.js';
import { type Check, fail, ok, warn } from './check.js';
import type { Look } from './looking.js';

const MINIMUM_NODE = [20, 12] as const;
const GiB = 1024 ** 3;

export async function checkMachine(look: Look, env: NodeJS.ProcessEnv = process.env): Promise<Check[]> {
  // A look, not a repair: nothing is fetched.
  const offline = { ...env, CORTEX_OFFLINE: '1' };
  return Promise.all([
    look('node', node()),
    look('nats-server', natsServer(offline)),
    look('encoder', encoder(offline)),
    look('disk', disk(env)),
    look('traces', traces(env)),
  ]);
}

async function node(): Promise<Check> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const found = `Node ${process.versions.node}`;
  const enough = major > MINIMUM_NODE[0] || (major === MINIMUM_NODE[0] && minor >= MINIMUM_NODE[1]);
  return enough ? ok('node', found) : fail('node', found, `install Node ${MINIMUM_NODE.join('.')} or newer`);
}

async function natsServer(env: NodeJS.ProcessEnv): Promise<Check> {
  try {
    const found = await provideNatsServer({ env });
    return ok('nats-server', `${found.version}, ${found.source} (${found.path})`);
  } catch (error) {
    const first = (error as Error).message.split('\n')[0] ?? '';
    return warn(
      'nats-server',
      (error as Error).name === 'RungRefused' ? first : 'none on this machine',
      `"cortex up" fetches one; or install nats-server ${MINIMUM_NATS_SERVER} or newer, or set NATS_URL to one that runs`,
    );
  }
}

async function encoder(env: NodeJS.ProcessEnv): Promise<Check> {
  try {
    const found = await provideEncoder({ env });
    if (found.found) return ok('encoder', `${found.source} (${found.folder})`);
    const off = env.CORTEX_ENCODER === 'none';
    return warn(
      'encoder',
      off ? found.reason : 'none on this machine: routing by rules and words alone',
      off
        ? 'unset CORTEX_ENCODER to have one'
        : '"cortex up" fetches one, or set CORTEX_ENCODER to a folder with model.onnx and tokenizer.json',
    );
  } catch (error) {
    return fail('encoder', (error as Error).message, 'correct CORTEX_ENCODER, or unset it');
  }
}

async function disk(env: NodeJS.ProcessEnv): Promise<Check> {
  for (let folder = homeFolder(env); ; folder = dirname(folder)) {
    try {
      const { bavail, bsize } = await statfs(folder);
      const free = (bavail * bsize) / GiB;
      const found = `${free.toFixed(1)} GiB free at ${folder}`;
      if (free < 1) return fail('disk', found, 'make room: a full disk stops JetStream');
      return free < 10 ? warn('disk', found, 'the streams may grow to 10 GiB: make room') : ok('disk', found);
    } catch (error) {
      if (folder === dirname(folder)) return warn('disk', (error as Error).message, 'look at the file system');
    }
  }
}

async function traces(env: NodeJS.ProcessEnv): Promise<Check> {
  const to = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (env.OTEL_SDK_DISABLED === 'true' || env.OTEL_TRACES_EXPORTER === 'none') return ok('traces', 'switched off');
  if (!to)
    return warn('traces', 'sent nowhere', 'set OTEL_EXPORTER_OTLP_ENDPOINT, such as http://localhost:4318 for Jaeger');
  let url: URL;
  try {
    url = new URL(to);
  } catch {
    return fail(
      'traces',
      `"${to}" is no address`,
      'set OTEL_EXPORTER_OTLP_ENDPOINT to one such as http://localhost:4318',
    );
  }
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
  const answers = await portAnswers(url.hostname, port);
  return answers
    ? ok('traces', `to ${to}`)
    : warn('traces', `nobody answers at ${to}`, 'start the collector; Cortex works on without it');
}

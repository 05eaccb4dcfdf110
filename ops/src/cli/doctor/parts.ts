// What the doctor sees of the parts that have an embedded default and a bigger brother: vectors, training, and what this identity may do.
import { readFile } from 'node:fs/promises';
import type { Bus } from '@cortex/bus';
import { chooseBackend, describeBackend } from '@cortex/models';
import { portAnswers } from '../reach.js';
import { type Check, fail, ok, warn } from './check.js';
import type { Look } from './looking.js';

export async function checkParts(look: Look, env: NodeJS.ProcessEnv = process.env): Promise<Check[]> {
  return Promise.all([look('vectors', vectors(env)), look('training', training())]);
}

async function vectors(env: NodeJS.ProcessEnv): Promise<Check> {
  const milvus = env.MILVUS_URL;
  if (!milvus) {
    const embedded = await import('@cortex/actor-librarian').then(
      () => undefined,
      (error: Error) => error.message,
    );
    return embedded === undefined
      ? ok('vectors', 'embedded store (LanceDB)')
      : fail('vectors', `the embedded store cannot be loaded: ${embedded}`, 'npm install, or set MILVUS_URL');
  }
  const [, host = '', port = '19530'] = /^(?:\w+:\/\/)?([^/:]+)(?::(\d+))?/.exec(milvus) ?? [];
  return (await portAnswers(host, Number(port)))
    ? ok('vectors', `Milvus at ${milvus}`)
    : fail('vectors', `nobody answers at ${milvus}`, 'start Milvus, or unset MILVUS_URL to use the embedded store');
}

async function training(): Promise<Check> {
  try {
    const choice = await chooseBackend();
    const found = describeBackend(choice);
    return choice.name === 'cpu'
      ? warn('training', found, 'networks train nine times slower without WASM: look at the reason above')
      : ok('training', found);
  } catch (error) {
    return warn('training', (error as Error).message, 'the network cannot be trained here; everything else can');
  }
}

/** What the credentials allow, read from themselves: the server does not tell. */
export async function checkPermissions(bus: Bus, creds: string | undefined): Promise<Check> {
  if (creds === undefined)
    return ok(
      'permissions',
      bus.nc.info?.auth_required ? 'by the address' : 'no identity needed: everything is allowed',
    );
  const text = await readFile(creds, 'utf8').catch(() => '');
  const jwt = /BEGIN NATS USER JWT-+\s+(\S+)/.exec(text)?.[1]?.split('.')[1];
  if (jwt === undefined) return warn('permissions', `${creds} cannot be read`, 'give a credentials file with --creds');
  const {
    name = '?',
    exp,
    nats,
  } = JSON.parse(Buffer.from(jwt, 'base64url').toString('utf8')) as {
    name?: string;
    exp?: number;
    nats?: { pub?: { allow?: string[] }; sub?: { allow?: string[] } };
  };
  const some = (list: string[] | undefined, verb: string) =>
    list === undefined || list.includes('>') ? `may ${verb} everything` : `may ${verb} ${list.length} subjects`;
  const found = `${name} ${some(nats?.pub?.allow, 'publish')}, ${some(nats?.sub?.allow, 'hear')}`;
  const days = exp === undefined ? undefined : (exp * 1_000 - Date.now()) / 86_400_000;
  return days !== undefined && days < 14
    ? warn(
        'permissions',
        `${found}; it ends in ${Math.max(0, Math.round(days))} days`,
        'issue it anew: "cortex keys init"',
      )
    : ok('permissions', found);
}

// Makes identities: an operator and an account in NATS' decentralised form (JWTs signed by nkeys), a user with its permissions for every role, and
// the lines of a server configuration that trusts them. Keys are made here and nowhere else; files are readable by their owner alone.
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BUCKET_NAMES, subjectsOf } from '@cortex/schemas';
import { encodeAccount, encodeOperator, encodeUser, fmtCreds } from '@nats-io/jwt';
import { createAccount, createOperator, createUser } from '@nats-io/nkeys';
import { permissionsOf, ROLES } from './permissions.js';

export interface KeysOptions {
  readonly folder: string;
  readonly prefix: string;
  /** One account each: tenants do not see each other. */
  readonly tenants: readonly string[];
  /** Masters that get an identity for their own workers alone, beside the one for workers of all. */
  readonly workers?: readonly string[];
  /** Replace what is there: every identity of before is refused from then on. */
  readonly force: boolean;
}

export interface MadeKeys {
  readonly config: string;
  /** Credentials file by tenant and role. */
  readonly creds: Record<string, Record<string, string>>;
}

export class KeysExist extends Error {
  override readonly name = 'KeysExist';
  constructor(readonly folder: string) {
    super(`${folder} holds identities already: name another --dir, or replace them all with --force`);
  }
}

/** Throws {@link KeysExist}. */
export async function makeKeys(options: KeysOptions): Promise<MadeKeys> {
  const { folder } = options;
  const config = join(folder, 'nats-server.conf');
  if (!options.force && existsSync(config)) throw new KeysExist(folder);
  const subjects = subjectsOf(options.prefix);
  const operator = createOperator();
  const system = createAccount();
  const operatorJwt = await encodeOperator('cortex', operator, { system_account: system.getPublicKey() });
  const preload: [string, string][] = [
    [system.getPublicKey(), await encodeAccount('SYS', system, {}, { signer: operator })],
  ];
  const creds: MadeKeys['creds'] = {};
  for (const tenant of options.tenants) {
    const account = createAccount();
    // -1: as much as the server allows.
    const limits = {
      mem_storage: -1,
      disk_storage: -1,
      streams: -1,
      consumer: -1,
      conn: -1,
      subs: -1,
      data: -1,
      payload: -1,
    };
    preload.push([
      account.getPublicKey(),
      await encodeAccount(tenant, account, { limits } as never, { signer: operator }),
    ]);
    creds[tenant] = {};
    const identities = [
      ...ROLES.map((role) => ({ name: role as string, role, master: undefined })),
      ...(options.workers ?? []).map((master) => ({ name: `worker-${master}`, role: 'worker' as const, master })),
    ];
    for (const { name, role, master } of identities) {
      const user = createUser();
      const { publish, subscribe } = permissionsOf(role, subjects, BUCKET_NAMES, master);
      const jwt = await encodeUser(
        name,
        user,
        account,
        {
          pub: { allow: publish },
          sub: { allow: subscribe },
          resp: { max: 1, ttl: 5_000_000_000 },
          subs: -1,
          data: -1,
          payload: -1,
        } as never,
        {},
      );
      const path = join(folder, 'creds', ...(options.tenants.length > 1 ? [tenant] : []), `${name}.creds`);
      await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
      await writeFile(path, fmtCreds(jwt, user), { mode: 0o600 });
      (creds[tenant] as Record<string, string>)[name] = path;
    }
  }
  await writeFile(join(folder, 'operator.seed'), operator.getSeed(), { mode: 0o600 });
  const lines = [
    '# Identities of Cortex, made by "cortex keys init". Include it in the server\'s configuration, or start the server with it:',
    '#   nats-server -c nats-server.conf -js',
    '# Beyond the loopback interface add TLS: tls { cert_file: …, key_file: …, ca_file: …, verify: true }',
    '# An identity carries its permissions with it when it connects: more than the 4 KiB that are the default.',
    'max_control_line: 65536',
    `operator: ${operatorJwt}`,
    `system_account: ${system.getPublicKey()}`,
    'resolver: MEMORY',
    'resolver_preload: {',
    ...preload.map(([key, jwt]) => `  ${key}: ${jwt}`),
    '}',
    '',
  ];
  await writeFile(config, lines.join('\n'), { mode: 0o600 });
  return { config, creds };
}

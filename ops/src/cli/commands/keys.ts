// `cortex keys init`: identities and permissions for every actor kind.
import { join } from 'node:path';
import { canonicalMaster } from '@cortex/schemas';
import type { Command } from 'commander';
import { homeFolder } from '../../up/home.js';
import { Failed, WrongInput } from '../failures.js';
import { withExample, withJsonOption } from '../options.js';
import { printJson, printText, table } from '../output/index.js';

interface Flags {
  dir?: string;
  tenant: string[];
  worker: string[];
  force?: boolean;
  json?: boolean;
}

export function addKeys(program: Command): void {
  const keys = program
    .command('keys')
    .summary('identities and permissions for every actor kind')
    .description(
      'Who may say and hear what. By default a local bus knows no identities and listens on loopback alone.',
    );
  const init = keys
    .command('init')
    .description(
      'Makes a credentials file for each kind of actor, for workers, publishers and operators, with the permissions each needs and no more, and the server configuration that trusts them.',
    )
    .option('--dir <folder>', 'where to write (default: identities in the home folder)')
    .option(
      '--tenant <name>',
      'an account of its own; may be repeated',
      (name: string, all: string[]) => [...all, name],
      [],
    )
    .option(
      '--worker <master>',
      'an identity for workers of this master alone; may be repeated',
      (name: string, all: string[]) => [...all, name],
      [],
    )
    .option('--force', 'replace what is there: every earlier identity is refused from then on')
    .action(run);
  withJsonOption(init);
  withExample(init, 'keys init', 'keys init --dir ./identities --tenant blue --tenant green');
}

async function run(flags: Flags): Promise<void> {
  const { KeysExist, makeKeys } = await import('../../keys/init.js');
  const { aboutRole, ROLES } = await import('../../keys/permissions.js');
  const tenants = flags.tenant.length > 0 ? flags.tenant : ['cortex'];
  const odd = tenants.find((name) => !/^[A-Za-z0-9_-]{1,64}$/.test(name) || name === 'SYS');
  if (odd !== undefined) throw new WrongInput('--tenant', `"${odd}" is no name: letters, digits, "_" and "-"`);
  const workers = [...new Set(flags.worker.map(canonicalMaster))];
  const oddMaster = workers.find((name) => !/^[A-Za-z0-9_.-]{1,64}$/.test(name));
  if (oddMaster !== undefined) throw new WrongInput('--worker', `"${oddMaster}" is no name of a master`);
  const made = await makeKeys({
    folder: flags.dir ?? join(homeFolder(), 'identities'),
    prefix: process.env.CORTEX_PREFIX || 'cortex',
    tenants: [...new Set(tenants)],
    workers,
    force: flags.force === true,
  }).catch((error) => {
    throw error instanceof KeysExist ? new Failed(error.message) : error;
  });
  if (flags.json) return printJson(made);
  const first = made.creds[tenants[0] ?? ''] ?? {};
  printText(
    table(
      ['identity', 'for', 'credentials'],
      [
        ...ROLES.map((role) => [role, aboutRole(role), first[role] ?? '']),
        ...workers.map((name) => [`worker-${name}`, `does tasks of ${name}`, first[`worker-${name}`] ?? '']),
      ],
    ),
  );
  printText(`
Start the server with it:    nats-server -js -c ${made.config}
Make streams and buckets:    cortex up --no-infra --creds ${first.operator} --nats URL
An actor somewhere else:     cortex actor router --creds ${first.router} --nats URL
Somebody who may submit:     cortex submit TEXT --creds ${first.publisher} --nats URL`);
}

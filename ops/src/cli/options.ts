// Options that several commands share, each parsed in one place. A value that does not fit names its option.
import { existsSync, readFileSync } from 'node:fs';
import { DEFAULT_SERVERS } from '@cortex/bus';
import { DEFAULT_PREFIX, PRIORITIES, type Priority, subjectsOf } from '@cortex/schemas';
import { fromSeed } from '@nats-io/nkeys';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { readRunning } from '../up/home.js';
import { WrongInput } from './failures.js';

export interface BusFlags {
  nats?: string;
  creds?: string;
}

/** Adds `--nats` and `--creds`. */
export function withBusOptions(command: Command): Command {
  return command
    .option(
      '--nats <url>',
      `NATS server (default: NATS_URL, else the "cortex up" of this folder, else ${DEFAULT_SERVERS})`,
    )
    .option('--creds <file>', 'NATS credentials file (default: NATS_CREDS)');
}

/** Adds `--json`. */
export function withJsonOption(command: Command, what = 'print one JSON document'): Command {
  return command.addOption(new Option('--json', what));
}

/** Adds an example below the help of a command. */
export function withExample(command: Command, ...lines: string[]): Command {
  const many = lines.length > 1 ? 'Examples' : 'Example';
  return command.addHelpText('after', `\n${many}:\n${lines.map((line) => `  $ cortex ${line}`).join('\n')}`);
}

export interface BusAddress {
  readonly servers: string;
  readonly creds?: string;
  readonly prefix: string;
  /** Where the address comes from, for messages. */
  readonly from: string;
}

/** Where the bus is, by flags, environment, the `up` of this folder, default; in this order. Throws {@link WrongInput}. */
export function busAddress(flags: BusFlags, env: NodeJS.ProcessEnv = process.env): BusAddress {
  const running = flags.nats === undefined && !env.NATS_URL ? readRunning(env) : undefined;
  const [servers, from] =
    flags.nats !== undefined
      ? [flags.nats, '--nats']
      : env.NATS_URL
        ? [env.NATS_URL, 'NATS_URL']
        : running
          ? [running.nats, 'cortex up']
          : [DEFAULT_SERVERS, 'default'];
  checkServers(servers, from);
  const creds = flags.creds ?? (env.NATS_CREDS || undefined);
  if (creds !== undefined) checkCreds(creds, flags.creds === undefined ? 'NATS_CREDS' : '--creds');
  return { servers, prefix: prefixOf(env), from, ...(creds === undefined ? {} : { creds }) };
}

export function prefixOf(env: NodeJS.ProcessEnv = process.env): string {
  const prefix = env.CORTEX_PREFIX || DEFAULT_PREFIX;
  try {
    subjectsOf(prefix);
  } catch (error) {
    throw new WrongInput('CORTEX_PREFIX', (error as Error).message.replace(/^CORTEX_PREFIX /, ''));
  }
  return prefix;
}

const URL_FORM = /^((nats|tls|ws|wss):\/\/)?([^\s,/@]+@)?(\[[0-9a-fA-F:]+\]|[^\s,:/@[\]]+)(:\d{1,5})?\/?$/;

function checkServers(servers: string, from: string): void {
  for (const server of servers.split(',').map((s) => s.trim())) {
    if (!URL_FORM.test(server))
      throw new WrongInput(from, `"${server}" is not a NATS address, such as nats://127.0.0.1:4222`);
  }
}

function checkCreds(file: string, from: string): void {
  if (!existsSync(file)) throw new WrongInput(from, `there is no file ${file}`);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new WrongInput(from, `${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  const jwt = /-----BEGIN NATS USER JWT-----\s*([A-Za-z0-9_=.-]+)\s*-{3,}END NATS USER JWT-{3,}/.exec(text)?.[1];
  const seed = /-----BEGIN USER NKEY SEED-----\s*(SU[A-Z2-7]{56})\s*-{3,}END USER NKEY SEED-{3,}/.exec(text)?.[1];
  if (jwt?.split('.').length !== 3 || seed === undefined)
    throw new WrongInput(from, `${file} is not a NATS credentials file: it needs a user JWT and a user nkey seed`);
  try {
    fromSeed(new TextEncoder().encode(seed));
  } catch {
    // A connection would try it for ever.
    throw new WrongInput(from, `the user nkey seed in ${file} is damaged: its checksum is wrong`);
  }
}

export function parsePriority(value: string): Priority {
  const found = PRIORITIES.find((priority) => priority === value.toLowerCase());
  if (!found) throw new InvalidArgumentError(`It is one of ${PRIORITIES.join(', ')}.`);
  return found;
}

export function parseLabel(value: string, earlier: Record<string, string> = {}): Record<string, string> {
  const at = value.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It is KEY=VALUE, such as team=core.');
  return { ...earlier, [value.slice(0, at)]: value.slice(at + 1) };
}

export function collect(value: string, earlier: string[] = []): string[] {
  return [...earlier, value];
}

export function parseCount(value: string): number {
  if (!/^\d+$/.test(value) || Number(value) < 1 || !Number.isSafeInteger(Number(value)))
    throw new InvalidArgumentError('It is a whole number from 1.');
  return Number(value);
}

export function parsePort(value: string): number {
  if (!/^\d+$/.test(value) || Number(value) < 1 || Number(value) > 65_535)
    throw new InvalidArgumentError('It is a port, 1 to 65535.');
  return Number(value);
}

export function parseAmount(value: string): number {
  const number = Number(value);
  if (value.trim() === '' || !Number.isFinite(number) || number < 0)
    throw new InvalidArgumentError('It is a number from 0.');
  return number;
}

export function parseShare(value: string): number {
  const number = parseAmount(value);
  if (number > 1) throw new InvalidArgumentError('It is a number from 0 to 1.');
  return number;
}

export function parseYesNo(value: string): boolean {
  if (/^(true|yes|1)$/i.test(value)) return true;
  if (/^(false|no|0)$/i.test(value)) return false;
  throw new InvalidArgumentError('It is true or false.');
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90`, `90s`, `2m`, `1.5h`, `3d` in milliseconds; a bare number is seconds. */
export function parseDuration(value: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(value.trim());
  if (!match) throw new InvalidArgumentError('It is a time such as 30s, 5m or 2h.');
  return Number(match[1]) * (UNITS[match[2] ?? 's'] ?? 1_000);
}

/** A moment (RFC 3339), or a time from now such as `2h`; as RFC 3339. */
export function parseMoment(value: string): string {
  if (/^\d+(\.\d+)?(ms|s|m|h|d)$/.test(value)) return new Date(Date.now() + parseDuration(value)).toISOString();
  if (
    !/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/.test(value) ||
    Number.isNaN(Date.parse(value))
  )
    throw new InvalidArgumentError('It is a moment such as 2026-12-01T12:00:00Z, or a time from now such as 2h.');
  return value;
}

// What the doctor sees on the bus: JetStream, streams and consumers with their lag, masters, actors, clocks, dead letters.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Bus, CONSUMER_TABLE, openMasters, STREAM_TABLE, watchPresence } from '@cortex/bus';
import { PRIORITIES } from '@cortex/schemas';
import { ACTOR_NAMES, homeFolder, readRunning } from '../../up/index.js';
import { plural } from '../output/index.js';
import { type Check, fail, ok, warn } from './check.js';
import type { Look } from './looking.js';

/** Longer than an actor's beat of one second. */
const LISTEN_MS = 1_600;
/** So many times more a needed one is listened for before it is called absent: while this process loads other parts, it hears late. */
const LISTEN_ON = 16;
const LISTEN_ON_MS = 200;
const SKEW_MS = 500;
/** Without these nothing is decided well; the others make it better. */
const NEEDED: readonly string[] = ['router', 'coordinator'];
const LAG = 1_000;

export async function checkSystem(bus: Bus, look: Look): Promise<Check[]> {
  const server = serverCheck(bus);
  const account = await look(
    'jetstream',
    bus.jsm.getAccountInfo().catch(() => undefined),
  );
  if (!account)
    return [
      server,
      fail('jetstream', 'is not there for us', 'start nats-server with -js, or ask for an account that has it'),
    ];
  const GiB = 1024 ** 3;
  const jetstream = ok(
    'jetstream',
    `${(account.storage / GiB).toFixed(2)} GiB on disk, ${plural(account.streams, 'stream')}`,
  );
  const { checks, provisioned } = await look('streams', streams(bus));
  const rest = provisioned
    ? await Promise.all([
        look('consumers', consumers(bus)),
        look('masters', masters(bus)),
        look('actors', actors(bus)),
        look('clock', clock(bus)),
        look('dead', dead(bus)),
      ])
    : [await look('actors', actors(bus))];
  return [server, await look('sync', sync(bus)), jetstream, ...checks, ...rest];
}

function serverCheck(bus: Bus): Check {
  const version = bus.nc.info?.version ?? '?';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const found = `NATS ${version} at ${bus.servers}`;
  return major > 2 || (major === 2 && minor >= 12)
    ? ok('bus', found)
    : fail('bus', found, 'Cortex needs NATS 2.12 or newer: update it');
}

async function sync(bus: Bus): Promise<Check> {
  const ours = readRunning();
  if (ours?.nats_pid === undefined || ours.nats !== bus.servers)
    return ok(
      'sync',
      'decided by whoever runs the server (sync_interval: always keeps acknowledged tasks when the power fails)',
    );
  const conf = await readFile(join(homeFolder(), 'nats.conf'), 'utf8').catch(() => '');
  return /sync_interval:\s*always/.test(conf)
    ? ok('sync', 'every write is synced to disk')
    : warn('sync', 'writes are synced now and then', 'restart "cortex up": it sets sync_interval: always');
}

async function streams(bus: Bus): Promise<{ checks: Check[]; provisioned: boolean }> {
  const missing: string[] = [];
  const full: string[] = [];
  let messages = 0;
  for (const row of STREAM_TABLE) {
    const name = bus.subjects.stream(row.name);
    const info = await bus.jsm.streams.info(name).catch(() => undefined);
    if (!info) missing.push(name);
    else {
      messages += info.state.messages;
      if (info.config.max_bytes > 0 && info.state.bytes > info.config.max_bytes * 0.9 && info.config.discard === 'new')
        full.push(name);
    }
  }
  if (missing.length > 0)
    return {
      provisioned: false,
      checks: [
        fail('streams', `missing: ${missing.join(', ')}`, 'start "cortex up", or any actor allowed to provision'),
      ],
    };
  const found = `all ${STREAM_TABLE.length} there, ${plural(messages, 'message')}`;
  return {
    provisioned: true,
    checks: [
      full.length === 0
        ? ok('streams', found)
        : warn('streams', `nearly full: ${full.join(', ')}`, 'work off the backlog, or raise max_bytes'),
    ],
  };
}

async function consumers(bus: Bus): Promise<Check> {
  const missing: string[] = [];
  const late: string[] = [];
  for (const row of CONSUMER_TABLE) {
    const label = `${bus.subjects.stream(row.stream)}/${row.name}`;
    const info = await bus.jsm.consumers.info(bus.subjects.stream(row.stream), row.name).catch(() => undefined);
    if (!info) missing.push(label);
    else if (info.num_pending > LAG) late.push(`${label} (${info.num_pending.toLocaleString('en-US')} waiting)`);
  }
  if (missing.length > 0)
    return fail('consumers', `missing: ${missing.join(', ')}`, 'start "cortex up", or any actor allowed to provision');
  return late.length === 0
    ? ok('consumers', `all ${CONSUMER_TABLE.length} there, none behind`)
    : warn('consumers', `behind: ${late.join(', ')}`, 'start more of that actor: "cortex actor NAME"');
}

async function masters(bus: Bus): Promise<Check> {
  const registry = await openMasters(bus);
  try {
    const all = registry.list();
    if (all.length === 0) return warn('masters', 'none registered', 'add one with "cortex masters add"');
    const without: string[] = [];
    const waiting: string[] = [];
    for (const { name } of all) {
      let pending = 0;
      for (const priority of PRIORITIES) {
        const info = await bus.jsm.consumers
          .info(bus.subjects.stream('LOG'), bus.subjects.workConsumer(name, priority))
          .catch(() => undefined);
        if (!info) {
          without.push(name);
          break;
        }
        pending += info.num_pending;
      }
      if (pending > 0) waiting.push(`${name} ${pending.toLocaleString('en-US')}`);
    }
    if (without.length > 0)
      return warn('masters', `no work consumers yet: ${without.join(', ')}`, 'a running coordinator makes them');
    const paused = all.filter((master) => master.status === 'paused').map((master) => master.name);
    return ok(
      'masters',
      [
        all
          .map((master) => master.name)
          .slice(0, 10)
          .join(', ') + (all.length > 10 ? ` and ${all.length - 10} more` : ''),
        ...(paused.length > 0 ? [`paused: ${paused.join(', ')}`] : []),
        ...(waiting.length > 0 ? [`waiting for a worker: ${waiting.join(', ')}`] : []),
      ].join('; '),
    );
  } finally {
    await registry.close();
  }
}

async function actors(bus: Bus): Promise<Check> {
  const presence = watchPresence(bus);
  await sleep(LISTEN_MS);
  const hears = (name: string) => presence.list().some((p) => p.actor === name);
  for (let i = 0; i < LISTEN_ON && !NEEDED.every(hears); i++) await sleep(LISTEN_ON_MS);
  const heard = presence.list();
  presence.close();
  const counts = [...new Set(heard.map((p) => p.actor))]
    .sort()
    .map((name) => `${name} × ${heard.filter((p) => p.actor === name).length}`);
  const unwell = heard
    .filter((p) => p.state !== 'ready')
    .map((p) => `${p.instance} is ${p.state}${p.detail ? ` (${p.detail})` : ''}`);
  const absent = ACTOR_NAMES.filter((name) => !heard.some((p) => p.actor === name));
  if (absent.length > 0)
    return (absent.some((name) => NEEDED.includes(name)) ? fail : warn)(
      'actors',
      `${counts.join(', ') || 'none'}; not running: ${absent.join(', ')}`,
      `start "cortex up" or "cortex actor ${absent[0]}"`,
    );
  return unwell.length === 0
    ? ok('actors', counts.join(', '))
    : warn('actors', `${counts.join(', ')}; ${unwell.join('; ')}`, 'their log lines say more');
}

async function clock(bus: Bus): Promise<Check> {
  const before = Date.now();
  const info = await bus.jsm.streams.info(bus.subjects.stream('LOG'));
  const after = Date.now();
  const there = Date.parse(String(info.ts));
  if (Number.isNaN(there)) return warn('clock', 'the server does not say its time', 'update it');
  // Outside of the span in which the answer was made, it is wrong by at least this much.
  const skew = there < before ? there - before : there > after ? there - after : 0;
  return Math.abs(skew) <= SKEW_MS
    ? ok('clock', `within ${Math.abs(Math.round(skew))} ms of the server's`)
    : warn(
        'clock',
        `${Math.round(Math.abs(skew))} ms ${skew > 0 ? 'behind' : 'ahead of'} the server's`,
        'deadlines are judged by clocks: run NTP on both machines',
      );
}

async function dead(bus: Bus): Promise<Check> {
  const { state } = await bus.jsm.streams.info(bus.subjects.stream('DEAD'));
  return state.messages === 0
    ? ok('dead', 'no dead letters')
    : warn('dead', plural(state.messages, 'dead letter'), '"cortex dead list" tells why');
}

// `cortex up`: everything on this machine, from one command to one Ctrl-C.
import type { Logger } from '@cortex/bus';
import { silentLogger } from '@cortex/bus';
import { subjectsOf } from '@cortex/schemas';
import { type Command, Option } from 'commander';
import { BadScale, type Launched, launch, parseScale, parseWorkerBounds } from '../../up/index.js';
import { WrongInput } from '../failures.js';
import { actorLogger } from '../log.js';
import {
  type BusFlags,
  busAddress,
  collect,
  parseCount,
  parsePort,
  prefixOf,
  withBusOptions,
  withExample,
  withJsonOption,
} from '../options.js';
import { colours, duration, note, printLine, printText } from '../output/index.js';
import { isLoopback, serverAnswers } from '../reach.js';
import { askedToEnd } from '../signals.js';
import { type Watched, watched } from '../watched.js';

interface Flags extends BusFlags {
  actors?: string;
  processes?: boolean;
  infra: boolean;
  port?: number;
  dashboard: boolean;
  dashboardPort?: number;
  replicas: number;
  exec?: string;
  master?: string[];
  json?: boolean;
  verbose?: boolean;
}

const DEFAULT_PORT = 4222;

export function addUp(program: Command): void {
  const command = program
    .command('up')
    .summary('start what is missing and all actors')
    .description(
      'Starts what is missing (a nats-server with its data in .cortex/nats) and all actors, and keeps them running.\nCtrl-C finishes what is under way and stops everything; a second Ctrl-C quits at once.',
    )
    .option(
      '--actors <list>',
      'how many of each, such as router=3,worker=2 (use --processes to spread over cores); worker=1..5 follows the forecasts of the watchdog',
    )
    .option('--processes', 'one process per actor, restarted when it dies')
    .option('--no-infra', 'start no nats-server: expect one at --nats, NATS_URL or the default address')
    .option('--port <port>', `port of the nats-server (default: ${DEFAULT_PORT})`, parsePort)
    .option('--no-dashboard', 'serve no dashboard')
    .option(
      '--dashboard-port <port>',
      'port of the dashboard (default: CORTEX_DASHBOARD_PORT, else 4280 or the next free one)',
      parsePort,
    )
    .option('--exec <cmd>', 'start workers too: each task is given to this command (see cortex worker --help)')
    .option('--master <name>', 'masters those workers work for; may be repeated (default: all)', collect)
    .addOption(new Option('--replicas <n>', 'copies of each stream: 3 on a cluster').default(1).argParser(parseCount))
    .option('--verbose', 'show log lines of the actors');
  withBusOptions(command);
  withJsonOption(command, 'print one line of JSON when everything is ready');
  withExample(command, 'up', 'up --processes --actors router=3', "up --exec 'cat' --actors worker=2");
  command.action(up);
}

async function up(flags: Flags): Promise<void> {
  const counts = scale(flags);
  const place = await whereIsTheBus(flags);
  const c = colours();
  let launched: Launched | undefined;
  const others = () => launched?.members().filter((member) => member.pid !== undefined) ?? [];
  const seen = await watched({
    service: 'cortex',
    actor: 'up',
    started: () => launched !== undefined,
    parts: () => others().map(({ actor: name, state, detail }) => ({ name, state, detail })),
    targets: () =>
      others().flatMap(({ actor, monitor }) => (monitor === undefined ? [] : [{ address: monitor, actor }])),
  });
  let quitting = false;
  const asked = askedToEnd(() => {
    if (quitting) return;
    quitting = true;
    note('cortex: quitting at once');
    launched?.kill();
    setTimeout(() => process.exit(1), 200);
  });
  const say = (line: string) => note(`cortex: ${line}`);
  let shown = '';
  const started = launch({
    ...place,
    processes: flags.processes ?? false,
    counts,
    replicas: flags.replicas,
    ...(flags.exec === undefined
      ? {}
      : { workers: { exec: flags.exec, masters: flags.master ?? [], ...bounds(flags) } }),
    ...(flags.dashboard ? { dashboard: flags.dashboardPort === undefined ? {} : { port: flags.dashboardPort } } : {}),
    onBus: (bus) => seen.attach(bus),
    logger: flags.verbose || flags.json ? (actor, instance) => actorLogger(actor, instance) : quiet,
    say,
    progress(line) {
      // One line for each step: downloads report many times a second.
      const step = line.replace(/[\d.,%]+.*/, '');
      if (step !== shown) say(line);
      shown = step;
    },
  });
  const first = await Promise.race([started, asked]);
  // A signal while starting: end what has been started by then.
  launched = typeof first === 'string' ? await started : first;
  if (typeof first !== 'string') {
    if (flags.json) printLine(report(launched, seen));
    else printText(screen(launched, seen, flags));
    await asked;
  }
  if (!flags.json) say('finishing what is under way (Ctrl-C again quits at once)');
  await launched.stop();
  await seen.stop();
  if (!flags.json) note(c.dim('cortex: stopped; nothing is lost, "cortex up" goes on from here'));
}

/** In a quiet `up` only what a person should know is shown: warnings and errors. */
function quiet(actor: string, instance: string): Logger {
  const loud = actorLogger(actor, instance);
  return { ...silentLogger, warn: loud.warn, error: loud.error };
}

function scale(flags: Flags): Map<string, number> {
  try {
    const counts = parseScale(flags.actors);
    const workers = counts.get('worker') ?? 0;
    if ((workers > 0 || parseWorkerBounds(flags.actors)) && flags.exec === undefined) {
      throw new WrongInput(
        '--actors',
        `worker=${workers > 0 ? workers : 'LEAST..MOST'} needs a command to run: add --exec 'CMD'`,
      );
    }
    if (flags.master && flags.exec === undefined)
      throw new WrongInput('--master', "is for workers, which need a command: add --exec 'CMD'");
    if (flags.exec?.trim() === '') throw new WrongInput('--exec', 'is empty: it is the command that does a task');
    return counts;
  } catch (error) {
    if (error instanceof BadScale) throw new WrongInput('--actors', error.message);
    throw error;
  }
}

async function whereIsTheBus(flags: Flags) {
  if (flags.port !== undefined && flags.nats !== undefined)
    throw new WrongInput('--port', 'starts a nats-server here, --nats uses another: give one of them');
  if (flags.port !== undefined && !flags.infra)
    throw new WrongInput('--port', 'starts a nats-server here, --no-infra starts none: give one of them');
  const named = flags.nats ?? process.env.NATS_URL;
  if (!flags.infra) return { address: busAddress(flags) };
  if (flags.port !== undefined || !named) {
    const port = flags.port ?? DEFAULT_PORT;
    return { address: { servers: `nats://127.0.0.1:${port}`, prefix: prefixOf(), from: 'cortex up' }, ownPort: port };
  }
  const address = busAddress(flags);
  // A named address on this machine where nobody answers: that is where ours shall be.
  const first = address.servers.split(',')[0] ?? '';
  const local = isLoopback(first);
  if (local && address.creds === undefined && !address.servers.includes(',') && !(await serverAnswers(first)))
    return { address, ownPort: local.port };
  return { address };
}

function report(launched: Launched, seen: Watched) {
  return {
    ready: true,
    pid: process.pid,
    nats: launched.nats,
    publish: subjectsOf(prefixOf()).submit,
    ...(launched.dashboard() === undefined ? {} : { dashboard: launched.dashboard() }),
    traces: seen.exporting,
    ...(seen.monitor === undefined ? {} : { monitor: seen.monitor.url }),
    encoder: launched.encoder,
    masters: launched.masters,
    seeded: launched.seeded,
    actors: launched.members(),
    ready_ms: launched.readyMs,
  };
}

function screen(launched: Launched, { exporting: traces, monitor }: Watched, flags: Flags): string {
  const c = colours();
  const { nats, encoder, masters } = launched;
  const members = launched.members();
  const dashboard = launched.dashboard();
  const trouble = members.filter((m) => m.state !== 'ready');
  const names = [...new Set(members.map((m) => m.actor))].map((name) => {
    const count = members.filter((m) => m.actor === name).length;
    return count === 1 ? name : `${name} × ${count}`;
  });
  const row = (label: string, text: string) => `  ${c.dim(label.padEnd(9))} ${text}`;
  const other = nats.url === `nats://127.0.0.1:${DEFAULT_PORT}` || nats.own ? '' : ` --nats ${nats.url}`;
  return [
    '',
    `${c.bold('Cortex is ready')} ${c.dim(`after ${duration(launched.readyMs)}`)}`,
    '',
    ...(dashboard === undefined ? [] : [row('dashboard', c.bold(c.cyan(dashboard.link)))]),
    row(
      'bus',
      `${nats.url} ${c.dim(nats.own ? `(nats-server ${nats.version}, data in ${nats.data}/nats)` : '(yours)')}`,
    ),
    row('publish', `to ${c.bold(subjectsOf(prefixOf()).submit)}, plain text or JSON, from any NATS client`),
    row('actors', names.join(', ') + c.dim(flags.processes ? ' (a process each)' : ' (in this process)')),
    row(
      'masters',
      `${masters.join(', ') || 'none: add one with "cortex masters add"'}${launched.seeded.length > 0 ? c.dim(' (the defaults)') : ''}`,
    ),
    row('encoder', encoder.folder ?? noEncoder(encoder.reason ?? '', c)),
    row(
      'traces',
      traces.startsWith('nowhere')
        ? `nowhere yet ${c.dim('(set OTEL_EXPORTER_OTLP_ENDPOINT, such as http://localhost:4318)')}`
        : traces,
    ),
    ...(monitor === undefined ? [] : [row('metrics', `${monitor.url}/metrics ${c.dim('(and /healthz, /readyz)')}`)]),
    ...trouble.map((m) =>
      row(
        '',
        c.yellow(
          `${m.actor} ${m.state === 'degraded' ? 'makes do for now' : `is ${m.state}`}${m.detail ? ` (${m.detail})` : ''}`,
        ),
      ),
    ),
    '',
    'Next, in another terminal:',
    `  ${c.cyan(`npx cortex submit "Scan the payments repo for CVE-2026-1234" --wait${other}`)}`,
    ...(members.some((m) => m.actor === 'worker')
      ? []
      : [
          `  ${c.cyan(`npx cortex worker --master ${masters.includes('security') ? 'security' : (masters[0] ?? 'NAME')} --exec 'cat'${other}`)}   ${c.dim('does tasks')}`,
        ]),
    `  ${c.cyan(`npx cortex watch${other}`)}   ${c.dim('shows decisions and outcomes as they happen')}`,
    '',
    c.dim('Ctrl-C stops everything in order.'),
  ].join('\n');
}

function noEncoder(reason: string, c: ReturnType<typeof colours>): string {
  if (reason.startsWith('not needed')) return c.dim(reason);
  const [first = '', ...more] = reason.split('\n');
  return c.yellow(`none: routing by rules and words alone (${more.at(-1) ?? first})`);
}

function bounds(flags: Flags) {
  const found = parseWorkerBounds(flags.actors);
  return found ? { bounds: found } : {};
}

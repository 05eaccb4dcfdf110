// A thousand real tickets through the whole system: own nats-server, coordinator, router, one worker for each of eight masters, every one a
// process of its own started by the command line. Optionally everything is killed -9 in turn meanwhile.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Bus,
  connectBus,
  deadLettersOf,
  openMasters,
  openSettings,
  provision,
  publish,
  taskLog,
  watchPresence,
} from '@cortex/bus';
import { startTestServer, type TestServer, until } from '@cortex/bus/testing';
import { type Encoder, loadEncoder } from '@cortex/models';
import { EVENT_TYPES } from '@cortex/schemas';
import { type Child, startCortex } from '../harness/children.js';
import { dataFolder, readRows } from '../harness/data.js';
import { type Entry, readLog } from '../harness/ledger.js';
import { quantile, wilson } from '../harness/statistics.js';
import { type Floor, measureFloor } from './floor.js';
import { evaluatedAccuracy, trainAndSwap } from './trained.js';

export interface TicketOptions {
  /** Tickets to submit, at most the whole test file. */
  readonly limit?: number;
  /** kill -9 every kind of process in turn, nats-server included. */
  readonly kill?: boolean;
  /** Tasks under way at once. Default 8; with `kill` all are sent at 100 a second. */
  readonly inFlight?: number;
  readonly encoder: string | undefined;
  /** Share of tasks for which a person would be asked: a second pass with reviews on. */
  readonly reviews?: boolean;
  /** A third pass with a router trained by `cortex train router` and swapped in live. */
  readonly trained?: boolean;
  readonly log: (line: string) => void;
}

export interface TicketReport {
  readonly submitted: number;
  readonly decided: number;
  readonly delivered: number;
  readonly done: number;
  /** Tasks settled more than once. */
  readonly twice: number;
  /** Tasks whose command ran more than once: leases that ran out, allowed, but their second result must not count. */
  readonly run_again: number;
  readonly accuracy: number;
  readonly accuracy_interval: [number, number];
  readonly decision_ms: { readonly p50: number; readonly p99: number };
  readonly floor: Floor;
  readonly methods: Record<string, number>;
  readonly kills: Record<string, number>;
  readonly dead_letters: number;
  /** Share of tasks for which a person was asked, with reviews on. */
  readonly asked_share?: number;
  /** The trained router: accuracy on the same tickets asked directly, and through NATS. */
  readonly trained?: { readonly evaluated: number; readonly through_nats: number };
  readonly seconds: number;
}

interface Ticket {
  text: string;
  label: string;
}

export async function runTickets(options: TicketOptions): Promise<TicketReport> {
  const folder = dataFolder('routing/it-tickets');
  if ('missing' in folder) throw new Error(folder.missing);
  const train = readRows<Ticket>(join(folder.path, 'train.jsonl.gz'));
  const test = readRows<Ticket>(join(folder.path, 'test.jsonl.gz')).slice(0, options.limit);
  const work = await mkdtemp(join(tmpdir(), 'cortex-tickets-'));
  const began = Date.now();
  const server = await startTestServer();
  const children: Child[] = [];
  let bus: Bus | undefined;
  let encoder: Encoder | undefined;
  try {
    bus = await connectBus({ servers: server.url, name: 'tickets', waitMs: 10_000 });
    await provision(bus);
    const labels = await registerGroups(bus, train);
    const settings = await openSettings(bus);
    await settings.set('coordinator.unsure', 'best');
    const env = {
      NATS_URL: server.url,
      CORTEX_ENCODER: options.encoder ?? 'none',
      CORTEX_HOME: join(work, 'home'),
      CORTEX_MODELS: join(work, 'models'),
    };
    children.push(
      startCortex('coordinator', ['actor', 'coordinator'], env),
      startCortex('router', ['actor', 'router'], env),
    );
    for (const label of labels) {
      const command = `cat > /dev/null; echo "$CORTEX_TASK_ID" >> '${join(work, 'done.log')}'`;
      children.push(
        startCortex(`worker ${label}`, ['worker', '--master', label, '--exec', command, '--name', `w-${label}`], env),
      );
    }
    options.log(`${children.length} processes started; waiting for the router to read ${train.length} examples`);
    await untilReady(bus, children);
    if (options.encoder) encoder = await loadEncoder(options.encoder);
    const floor = await measureFloor(
      bus,
      encoder,
      train.slice(0, 100).map((t) => t.text),
    );

    options.log(`submitting ${test.length} tickets${options.kill ? ' while killing everything in turn' : ''}`);
    const sentAt = new Map<string, number>();
    const killer = options.kill ? startKiller(server, children, options.log) : undefined;
    await submitAll(bus, 'pass-1', test, sentAt, options.kill ? 16 : (options.inFlight ?? 8), options.kill === true);
    const kills = (await killer?.stop()) ?? {};
    await untilSettled(bus, 'pass-1', test.length, options.log).catch(async (error: unknown) => {
      throw new Error(`${String(error)}\n${await whereItStands(bus as Bus, children)}`);
    });

    const log = await readLog(bus);
    const runs = await countLines(join(work, 'done.log'));
    const mine = [...log].filter(([id]) => id.startsWith('pass-1'));
    const report = count(mine, test, sentAt, runs);
    let askedShare: number | undefined;
    if (options.reviews) {
      await settings.set('coordinator.unsure', 'review');
      await submitAll(bus, 'pass-2', test, new Map(), 16, false);
      askedShare = await shareAsked(bus, test.length);
    }
    let trained: TicketReport['trained'];
    if (options.trained) {
      options.log('training the router by the command line');
      await settings.set('coordinator.unsure', 'best');
      await trainAndSwap(bus, join(folder.path, 'train.jsonl.gz'), env);
      const evaluated = await evaluatedAccuracy(env.CORTEX_MODELS, encoder, test);
      await submitAll(bus, 'pass-3', test, new Map(), 8, false);
      trained = { evaluated, through_nats: await accuracyOf(bus, 'pass-3', test) };
    }
    settings.close();
    const dead = await deadLettersOf(bus);
    for (const letter of dead.slice(0, 5))
      options.log(`dead: ${letter.stream} ${letter.error} after ${letter.attempts}: ${letter.reason}`);
    for (const child of children)
      if (child.crashes() > 0) throw new Error(`${child.name} ended by itself:\n${child.stderr()}`);
    return {
      ...report,
      floor,
      kills,
      dead_letters: dead.length,
      ...(askedShare === undefined ? {} : { asked_share: askedShare }),
      ...(trained ? { trained } : {}),
      seconds: Math.round((Date.now() - began) / 1_000),
    };
  } finally {
    await Promise.all(children.map((child) => child.stop(5_000)));
    await encoder?.close();
    await bus?.close();
    await server.stop();
    await rm(work, { recursive: true, force: true });
  }
}

/** The groups become masters; their examples come from the training file only. */
async function registerGroups(bus: Bus, train: readonly Ticket[]): Promise<string[]> {
  const byLabel = new Map<string, string[]>();
  for (const { text, label } of train) byLabel.set(label, [...(byLabel.get(label) ?? []), text]);
  const masters = await openMasters(bus);
  for (const [name, examples] of byLabel)
    await masters.put({ name, description: `Service-desk tickets about ${name}.`, examples });
  await masters.close();
  return [...byLabel.keys()];
}

/** The router counts as ready once it has read all examples: until then it serves with less and says so. */
async function untilReady(bus: Bus, children: readonly Child[]): Promise<void> {
  const presence = watchPresence(bus);
  await until(
    'coordinator and router to be ready',
    () => {
      for (const child of children) if (!child.alive()) throw new Error(`${child.name} ended:\n${child.stderr()}`);
      const states = presence.list();
      return ['coordinator', 'router'].every((actor) => states.some((p) => p.actor === actor && p.state === 'ready'));
    },
    600_000,
  );
  presence.close();
}

async function submitAll(
  bus: Bus,
  pass: string,
  test: readonly Ticket[],
  sentAt: Map<string, number>,
  inFlight: number,
  open: boolean,
): Promise<void> {
  let next = 0;
  const log = taskLog(bus);
  const one = async () => {
    for (;;) {
      const i = next++;
      const ticket = test[i];
      if (!ticket) return;
      const id = `${pass} ${i}`;
      sentAt.set(id, Date.now());
      await publish(
        bus,
        bus.subjects.submit,
        { id, text: ticket.text },
        { type: EVENT_TYPES.taskSubmit, id, retryMs: 60_000 },
      );
      // Closed loop: the latency of a decision, not of a queue. Open loop under kills, so that work is always under way.
      if (open) await new Promise((resolve) => setTimeout(resolve, 160));
      else await until(`${id} to be decided`, () => log.last(id), 120_000);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, one));
}

/** Waits until as many tasks have ended as were submitted. */
async function untilSettled(bus: Bus, pass: string, total: number, log: (line: string) => void): Promise<void> {
  let told = 0;
  await until(
    `${total} tasks to be settled`,
    async () => {
      // The server may just be on its way back.
      const entries = [...(await readLog(bus).catch(() => []))].filter(([id]) => id.startsWith(pass));
      const settled = entries.filter(([, records]) => records.some((e) => e.record.step === 'settled')).length;
      if (Date.now() - told > 5_000) log(`${settled} of ${total} done`);
      if (Date.now() - told > 5_000) told = Date.now();
      await new Promise((resolve) => setTimeout(resolve, 250));
      return settled >= total;
    },
    240_000,
  );
}

/** Why nothing goes on, for whoever reads a failed run: every consumer, every actor, the last words of every process. */
async function whereItStands(bus: Bus, children: readonly Child[]): Promise<string> {
  const lines: string[] = [];
  for await (const { config, state } of bus.jsm.streams.list()) {
    if (config.name.startsWith('KV_')) continue;
    lines.push(`${config.name}: ${state.messages} messages, last sequence ${state.last_seq}`);
    for await (const c of bus.jsm.consumers.list(config.name))
      lines.push(
        `  ${c.name}: delivered ${c.delivered.stream_seq}, to ${c.ack_floor.stream_seq} acknowledged, ${c.num_ack_pending} under way, ${c.num_pending} to come, ${c.num_waiting} pulls`,
      );
  }
  const presence = watchPresence(bus);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  for (const p of presence.list()) lines.push(`${p.actor} ${p.instance}: ${p.state} ${JSON.stringify(p)}`);
  presence.close();
  for (const child of children)
    lines.push(
      `${child.name} (pid ${child.pid()}, ${child.alive() ? 'alive' : 'gone'}): ${child.stderr().slice(-600)}`,
    );
  return lines.join('\n');
}

async function shareAsked(bus: Bus, total: number): Promise<number> {
  const entries = [...(await readLog(bus))].filter(([id]) => id.startsWith('pass-2'));
  const asked = entries.filter(([, records]) => records.some((e) => e.record.decision?.review !== undefined)).length;
  return asked / total;
}

/** Share of a pass's tickets whose first decision, by the trained router, names their group. */
async function accuracyOf(bus: Bus, pass: string, test: readonly Ticket[]): Promise<number> {
  let right = 0;
  for (const [id, entries] of await readLog(bus)) {
    if (!id.startsWith(pass)) continue;
    const decision = entries.find((e) => e.record.step === 'decided')?.record.decision;
    if (!decision?.models.router?.startsWith('router@')) throw new Error(`${id} was not decided by the trained router`);
    if (decision.master === test[Number(id.split(' ')[1])]?.label) right++;
  }
  return right / test.length;
}

function count(
  log: [string, Entry[]][],
  test: readonly Ticket[],
  sentAt: ReadonlyMap<string, number>,
  runs: ReadonlyMap<string, number>,
) {
  const took: number[] = [];
  const methods: Record<string, number> = {};
  let right = 0;
  let decided = 0;
  let done = 0;
  let twice = 0;
  for (const [id, entries] of log) {
    const first = entries.find((e) => e.record.step === 'decided');
    const settled = entries.filter((e) => e.record.step === 'settled');
    if (first?.record.decision) {
      decided++;
      const { master, method } = first.record.decision;
      methods[method] = (methods[method] ?? 0) + 1;
      if (master === test[Number(id.split(' ')[1])]?.label) right++;
      took.push(first.storedAt - (sentAt.get(id) ?? first.storedAt));
    }
    if (settled.some((e) => e.record.outcome?.status === 'completed')) done++;
    if (settled.length > 1) twice++;
  }
  return {
    submitted: test.length,
    decided,
    delivered: runs.size,
    done,
    twice,
    run_again: [...runs.values()].filter((n) => n > 1).length,
    accuracy: right / test.length,
    accuracy_interval: wilson(right, test.length),
    decision_ms: { p50: quantile(took, 0.5), p99: quantile(took, 0.99) },
    methods,
  };
}

async function countLines(file: string): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const line of (await readFile(file, 'utf8')).split('\n'))
    if (line) counts.set(line, (counts.get(line) ?? 0) + 1);
  return counts;
}

/** Kills one process after the other, nats-server too, each back at once or after a moment. */
function startKiller(server: TestServer, children: readonly Child[], log: (line: string) => void) {
  const kills: Record<string, number> = {};
  let stopped = false;
  const kinds = ['coordinator', 'router', 'worker', 'nats-server'];
  const loop = (async () => {
    for (let i = 0; !stopped; i++) {
      await new Promise((resolve) => setTimeout(resolve, 700));
      const kind = kinds[i % kinds.length] as string;
      kills[kind] = (kills[kind] ?? 0) + 1;
      if (kind === 'nats-server') {
        await server.kill();
        await server.restart();
      } else {
        const candidates = children.filter((child) => child.name.startsWith(kind));
        const child = candidates[Math.floor(i / kinds.length) % candidates.length];
        await child?.kill();
        child?.restart();
      }
    }
  })();
  return {
    async stop() {
      stopped = true;
      await loop;
      log(
        `killed: ${Object.entries(kills)
          .map(([kind, n]) => `${kind} ${n} ×`)
          .join(', ')}`,
      );
      return kills;
    },
  };
}

// Actors as processes of their own: a dead or wedged one is replaced, with a growing pause and a line each time, never silently.
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ActorState } from '@cortex/bus';
import { backOff } from './back-off.js';
import { ACTORS } from './catalogue.js';
import { isChildMessage, WEDGED_MS } from './child-protocol.js';
import type { Group, GroupOptions, Member } from './group.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const DRAIN_MS = 25_000;
const MANY = 5;

export interface ProcessPlan {
  readonly actor: string;
  readonly number: number;
  /** Arguments of the command line, without the bus's. */
  readonly args: readonly string[];
  /** Of a worker: its master. */
  readonly serves?: string;
}

/** A group that can grow and shrink while it runs. */
export interface ProcessGroup extends Group {
  /** How many live for a master. */
  count(serves: string): number;
  add(plan: ProcessPlan): void;
  /** Lets the youngest of a master finish what it has, and stop. */
  retire(serves: string): Promise<void>;
}

interface Child {
  readonly plan: ProcessPlan;
  process?: ChildProcess;
  state: ActorState;
  detail?: string;
  monitor?: string;
  heardAt: number;
  /** It is to stop for good: nobody starts it again. */
  retired?: boolean;
}

/** One process for each planned actor. Resolves when each is ready, or after `readyMs`. */
export async function startProcesses(
  plans: readonly ProcessPlan[],
  options: GroupOptions,
  readyMs = 30_000,
): Promise<ProcessGroup> {
  let stopping = false;
  const env = {
    ...process.env,
    CORTEX_ENCODER: options.encoder ?? 'none',
    CORTEX_PREFIX: options.address.prefix,
    // Any free port: `up` says where each is.
    ...(process.env.CORTEX_MONITOR === 'off' ? {} : { CORTEX_MONITOR: '127.0.0.1:0' }),
    NATS_URL: options.address.servers,
    ...(options.address.creds === undefined ? {} : { NATS_CREDS: options.address.creds }),
  };
  const children = plans.map((plan): Child => ({ plan, state: 'created', heardAt: Date.now() }));
  const start = (child: Child, wait = backOff()) => {
    child.heardAt = Date.now();
    child.state = 'starting';
    // A group of its own: Ctrl-C in the terminal reaches `up` alone, which drains in order.
    const started = spawn(process.execPath, [MAIN, ...child.plan.args], {
      stdio: ['ignore', 2, 2, 'ipc'],
      detached: true,
      env,
    });
    child.process = started;
    started.on('message', (message) => {
      if (!isChildMessage(message)) return;
      child.heardAt = Date.now();
      child.state = message.state;
      if (message.monitor !== undefined) child.monitor = message.monitor;
      if (message.detail === undefined) delete child.detail;
      else child.detail = message.detail;
    });
    started.on('error', () => undefined);
    started.once('exit', (code, signal) => {
      child.state = stopping || child.retired ? 'stopped' : 'failed';
      child.detail = `ended with ${signal ?? `code ${code}`}`;
      if (stopping || child.retired) return;
      const delay = wait.next();
      const often = wait.count() >= MANY ? `, restart ${wait.count()} in a row` : '';
      options.say(`${label(child)} ${child.detail}: starting it again in ${Math.round(delay / 100) / 10} s${often}`);
      setTimeout(() => void (stopping || child.retired || start(child, wait)), delay).unref();
    });
  };
  for (const child of children) start(child);
  const watch = setInterval(() => {
    for (const child of children) {
      const silent = Date.now() - child.heardAt;
      if (silent < WEDGED_MS || child.process?.exitCode !== null || child.process.signalCode !== null) continue;
      options.say(`${label(child)} has not moved for ${Math.round(silent / 1_000)} s: ending it`);
      child.process.kill('SIGKILL');
    }
  }, 5_000);
  const end = Date.now() + readyMs;
  while (Date.now() < end && !children.every((child) => child.state === 'ready' || child.state === 'degraded'))
    await sleep(20);
  const of = (serves: string) => children.filter((child) => child.plan.serves === serves && !child.retired);
  return {
    count: (serves) => of(serves).length,
    add(plan) {
      if (stopping) return;
      const child: Child = { plan, state: 'created', heardAt: Date.now() };
      children.push(child);
      start(child);
    },
    async retire(serves) {
      const child = of(serves).at(-1);
      if (!child) return;
      child.retired = true;
      await stopChild(child);
      children.splice(children.indexOf(child), 1);
    },
    members: () =>
      children.map(
        (child): Member => ({
          actor: child.plan.actor,
          number: child.plan.number,
          state: child.state,
          ...(child.detail === undefined ? {} : { detail: child.detail }),
          ...(child.process?.pid === undefined ? {} : { pid: child.process.pid }),
          ...(child.monitor === undefined ? {} : { monitor: child.monitor }),
        }),
      ),
    async drain() {
      stopping = true;
      clearInterval(watch);
      // Those who ask stop before those who answer; workers, which are no fixed actors, first of all.
      const order = ['worker', ...ACTORS.map((row) => row.name).reverse()];
      for (const name of order)
        await Promise.all(children.filter((c) => c.plan.actor === name).map((c) => stopChild(c)));
    },
    kill() {
      stopping = true;
      clearInterval(watch);
      for (const child of children) child.process?.kill('SIGKILL');
    },
  };
}

async function stopChild({ process: child }: Child): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  await Promise.race([gone, sleep(DRAIN_MS, undefined, { ref: false })]);
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  await gone;
}

const label = ({ plan, process: child }: Child) => `${plan.actor} ${plan.number} (process ${child?.pid ?? '?'})`;

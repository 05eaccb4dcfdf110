// A real nats-server with routers on it, for the tests of this folder: ask as the coordinator does, see who answered.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Asker,
  type Bus,
  connectBus,
  createAsker,
  type Logger,
  type MasterRegistry,
  openMasters,
  type Presence,
  provision,
  type RunningActor,
  runActor,
  silentLogger,
  startTestServer,
  type TestServer,
  until,
  watchPresence,
} from '@cortex/bus';
import { type MasterInput, type RouteAnswer, routeAnswerSchema } from '@cortex/schemas';
import { type RouterParts, routerActor } from '../actor.js';
import type { RouterSettingsInput } from '../settings.js';

export interface AskOptions {
  /** Milliseconds the answer may take. Default 10,000. */
  readonly within?: number;
  readonly masters?: string[];
  /** Further fields of the ask, such as `arm` and `model`. */
  readonly more?: Record<string, unknown>;
}

export interface Stage {
  readonly server: TestServer;
  readonly bus: Bus;
  readonly masters: MasterRegistry;
  /** A folder for this test's vectors and models. */
  readonly cacheFolder: string;
  router(settings?: RouterSettingsInput, log?: Logger, parts?: RouterParts): Promise<RunningActor & { bus: Bus }>;
  ask(text: string, options?: AskOptions): Promise<RouteAnswer>;
  stop(): Promise<void>;
}

/** Masters of three clearly different kinds of work. */
export const MASTERS: MasterInput[] = [
  {
    name: 'security',
    description: 'Finds and fixes vulnerabilities: audits, scans for CVEs, leaked secrets, permissions, threat models.',
    keywords: ['cve', 'vulnerability', 'exploit'],
    examples: [
      'Scan the login service for SQL injection',
      'Rotate the leaked API key',
      'Audit who may read the customer table',
      'Check our dependencies for known vulnerabilities',
      'Is the session cookie safe against hijacking?',
      'Threat model for the new upload endpoint',
    ],
  },
  {
    name: 'inventory',
    description: 'Counts and orders goods: stock levels, warehouses, suppliers, purchase orders, shelf life.',
    keywords: ['stock', 'warehouse'],
    examples: [
      'How many pallets of paper are left?',
      'Order more screws before Friday',
      'Move the returned laptops to the second warehouse',
      'Which supplier delivers the cheapest cartons?',
      'List the goods whose shelf life ends this month',
      'Count what is in aisle seven',
    ],
  },
  {
    name: 'cicd',
    description: 'Builds, tests and ships software: pipelines, runners, deployments, release branches, rollbacks.',
    keywords: ['pipeline', 'deploy'],
    examples: [
      'The nightly build fails since yesterday',
      'Deploy version 2.3 to staging',
      'Roll the last release back',
      'Make the test job run in parallel',
      'Cache the node modules between pipeline runs',
      'Tag a release candidate from main',
    ],
  },
];

export async function stage(masters: MasterInput[] = MASTERS): Promise<Stage> {
  const server = await startTestServer();
  const cacheFolder = await mkdtemp(join(tmpdir(), 'cortex-router-'));
  const bus = await connectBus({ name: 'test', servers: server.url });
  await provision(bus);
  const registry = await openMasters(bus);
  for (const master of masters) await registry.put(master);
  const presence: Presence = watchPresence(bus);
  const asker: Asker = createAsker(bus, presence);
  const running: { actor: RunningActor; bus: Bus }[] = [];
  let asked = 0;
  return {
    server,
    bus,
    masters: registry,
    cacheFolder,
    async router(settings = {}, log = silentLogger, parts = {}) {
      const own = await connectBus({ name: 'router', servers: server.url });
      const actor = await runActor(routerActor({ cache_folder: cacheFolder, ...settings }, parts), own, { log });
      running.push({ actor, bus: own });
      await until('the router is heard of', () =>
        presence.list().some((p) => p.instance === actor.instance && (p.state === 'ready' || p.state === 'degraded')),
      );
      return Object.assign(actor, { bus: own });
    },
    ask(text, { within = 10_000, masters: wanted, more = {} } = {}) {
      const question = {
        task: { id: `t-${++asked}`, priority: 'medium', text },
        ...(wanted ? { masters: wanted } : {}),
        ...more,
      };
      return asker.ask('router', question, routeAnswerSchema, Date.now() + within);
    },
    async stop() {
      for (const { actor, bus: own } of running) {
        await actor.drain(2_000);
        await own.close();
      }
      asker.close();
      presence.close();
      await registry.close();
      await bus.close();
      await server.stop();
      await rm(cacheFolder, { recursive: true, force: true });
    },
  };
}

export const best = (answer: Pick<RouteAnswer, 'probabilities'>): string | undefined =>
  Object.entries(answer.probabilities).sort((a, b) => b[1] - a[1])[0]?.[0];

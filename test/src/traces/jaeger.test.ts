// A hundred tasks, a hundred complete traces: from the publisher's span to the settled outcome, seen through Jaeger's own query API.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { trainRouterInto } from '@cortex/actor-trainer';
import { type Bus, openMasters, openModelRegistry, provision, watchPresence } from '@cortex/bus';
import { describeOnServer, until } from '@cortex/bus/testing';
import { type Decision, SPAN_KEYS } from '@cortex/schemas';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startUp } from '../dashboard/system.js';
import { type Child, startCortex } from '../harness/children.js';
import { type Jaeger, type JaegerTrace, jaegerBinary, startJaeger } from '../harness/jaeger.js';
import { readLog } from '../harness/ledger.js';

const CORTEX = fileURLToPath(new URL('../../../ops/dist/cli/main.js', import.meta.url));
const run = promisify(execFile);
const jaeger = jaegerBinary();

interface Hop {
  readonly name: string;
  readonly below: string | undefined;
  readonly service: string;
  /** What is asked of a trace by people: whose task, where to, how sure, which model, how it went. */
  readonly says: Readonly<Record<string, unknown>>;
}

/** What the trace of a task must hold, each hop below the one that caused it. */
function hopsOf({ task, master, confidence, method, arm, models, experts }: Decision, prefix: string): Hop[] {
  const sent = { 'messaging.system': 'nats', 'messaging.operation.name': 'send' };
  const own = { [SPAN_KEYS.taskId]: task };
  const decided = { ...own, [SPAN_KEYS.master]: master, [SPAN_KEYS.confidence]: confidence };
  const done = { ...own, [SPAN_KEYS.outcomeStatus]: 'completed' };
  const by = { coordinator: 'cortex-coordinator', router: 'cortex-router', worker: 'cortex-worker' };
  const submit = `process ${prefix}.tasks.submit`;
  return [
    { name: `send ${prefix}.tasks.submit`, below: undefined, service: 'cortex-cli', says: { ...sent, ...own } },
    { name: submit, below: `send ${prefix}.tasks.submit`, service: by.coordinator, says: decided },
    { name: `ask ${prefix}.ask.router`, below: submit, service: by.coordinator, says: { 'messaging.system': 'nats' } },
    {
      name: `process ${prefix}.ask.router`,
      below: `ask ${prefix}.ask.router`,
      service: by.router,
      says: { [SPAN_KEYS.messagingConsumerGroup]: 'router', [SPAN_KEYS.exit]: expect.any(String) },
    },
    // Every expert that had something to say has its span.
    ...experts
      .filter(({ abstained }) => !abstained)
      .map(({ name }) => ({
        name: `expert ${name}`,
        below: `process ${prefix}.ask.router`,
        service: by.router,
        says: { [SPAN_KEYS.expert]: name },
      })),
    {
      name: `send ${prefix}.log.decided`,
      below: submit,
      service: by.coordinator,
      says: {
        ...sent,
        ...decided,
        [SPAN_KEYS.step]: 'decided',
        [SPAN_KEYS.taskPriority]: 'medium',
        [SPAN_KEYS.method]: method,
        [SPAN_KEYS.arm]: arm,
        [SPAN_KEYS.model]: models.router,
      },
    },
    {
      name: 'process work',
      below: `send ${prefix}.log.decided`,
      service: by.worker,
      says: { ...done, [SPAN_KEYS.master]: master, [SPAN_KEYS.worker]: expect.any(String), [SPAN_KEYS.attempt]: 1 },
    },
    { name: `send ${prefix}.outcomes`, below: 'process work', service: by.worker, says: { ...sent, ...done } },
    { name: `process ${prefix}.outcomes`, below: `send ${prefix}.outcomes`, service: by.coordinator, says: done },
    {
      name: `send ${prefix}.log.settled`,
      below: `process ${prefix}.outcomes`,
      service: by.coordinator,
      says: { ...sent, ...own, [SPAN_KEYS.step]: 'settled', [SPAN_KEYS.master]: master },
    },
  ];
}

const MASTERS = [
  {
    name: 'security',
    description: 'finds and mends vulnerabilities',
    keywords: ['CVE'],
    examples: ['scan the repo for CVEs', 'rotate the leaked key'],
  },
  {
    name: 'development',
    description: 'writes code',
    keywords: ['implement'],
    examples: ['implement the form', 'refactor the parser'],
  },
];

describeOnServer('traces', (suite) => {
  let backend: Jaeger;
  let folder: string;
  let env: Record<string, string>;
  beforeAll(async () => {
    if ('missing' in jaeger) return;
    folder = await mkdtemp(join(tmpdir(), 'cortex-traces-'));
    backend = await startJaeger(jaeger.path);
    env = {
      NATS_URL: suite.server().url,
      OTEL_EXPORTER_OTLP_ENDPOINT: backend.otlp,
      OTEL_BSP_SCHEDULE_DELAY: '200',
      CORTEX_ENCODER: 'none',
      CORTEX_HOME: folder,
    };
  });
  afterAll(async () => {
    await backend?.stop();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  /** A bus with these masters, and a router that was trained for them: its version is part of what a trace says. */
  async function prepared(prefix: string): Promise<Bus> {
    const bus = await suite.connect({ prefix });
    await provision(bus);
    const masters = await openMasters(bus);
    for (const master of MASTERS) await masters.put(master);
    const draft = join(folder, `${prefix}-router`);
    await trainRouterInto(masters.list(), [], { folder: draft, encoder: undefined, seed: 1 });
    await masters.close();
    const registry = await openModelRegistry(bus, { keys: join(folder, 'keys') });
    const { name } = await registry.publish('router', draft, { by: 'test', announce: false });
    await registry.setAliases('router', { champion: name }, { by: 'test', reason: 'the first' });
    return bus;
  }

  /** Submits so many tasks as a person does, waits until all are settled, and returns what was decided. */
  async function submitted(bus: Bus, count: number, prefix: string): Promise<Decision[]> {
    const file = join(folder, `${prefix}.jsonl`);
    const rows = Array.from({ length: count }, (_, i) =>
      JSON.stringify({
        id: `traced-${i}`,
        text: i % 2 ? `implement form ${i}` : `scan repo ${i} for CVE-2026-${1_000 + i}`,
      }),
    );
    await writeFile(file, rows.join('\n'));
    await run(process.execPath, [CORTEX, 'submit', '--file', file], {
      env: { ...process.env, ...env, CORTEX_PREFIX: prefix },
    });
    const settled = async () =>
      [...(await readLog(bus)).values()].filter((entries) => entries.some((e) => e.record.step === 'settled')).length;
    await until('all to be settled', async () => (await settled()) === count, 120_000);
    return [...(await readLog(bus)).values()].flatMap((entries) => entries[0]?.record.decision ?? []);
  }

  /** Waits until the traces of all decisions are complete; what is wrong with the first that is not, else nothing. */
  async function incomplete(decisions: readonly Decision[], prefix: string): Promise<string[]> {
    let problems: string[] = [];
    await until(
      'complete traces',
      async () => {
        for (const decision of decisions) {
          const trace = decision.trace_id ? await backend.trace(decision.trace_id) : undefined;
          problems = trace ? problemsOf(trace, hopsOf(decision, prefix)) : [`${decision.task} has no trace`];
          if (problems.length > 0) return false;
        }
        return true;
      },
      30_000,
    ).catch(() => undefined);
    return problems;
  }

  it.skipIf('missing' in jaeger)(
    'are one for each of a hundred tasks, with every hop in its place that says whose task it is, where it goes and how sure that is',
    { timeout: 240_000 },
    async () => {
      const children: Child[] = [];
      try {
        const bus = await prepared('cortex');
        children.push(
          startCortex('coordinator', ['actor', 'coordinator'], env),
          startCortex('router', ['actor', 'router'], env),
        );
        for (const master of ['security', 'development', 'coordinator'])
          children.push(
            startCortex(`worker ${master}`, ['worker', '--master', master, '--exec', 'cat', '--concurrency', '4'], env),
          );
        const presence = watchPresence(bus);
        const there = (actor: string) =>
          presence.list().some((p) => p.actor === actor && ['ready', 'degraded'].includes(p.state));
        await until('the actors', () => there('coordinator') && there('router'), 60_000);
        presence.close();
        const decisions = await submitted(bus, 100, 'cortex');
        expect(new Set(decisions.map((d) => d.trace_id)).size).toBe(100);
        expect(decisions.map(({ models }) => models.router)).toEqual(Array(100).fill('router@1'));
        expect(decisions.some((d) => d.experts.some((e) => e.name === 'lexical' && !e.abstained))).toBe(true);
        expect(await incomplete(decisions, 'cortex')).toEqual([]);
        expect(await backend.services()).toEqual(
          expect.arrayContaining(['cortex-cli', 'cortex-coordinator', 'cortex-router', 'cortex-worker']),
        );
      } finally {
        await Promise.all(children.map((child) => child.stop()));
      }
    },
  );

  it.skipIf('missing' in jaeger)(
    'are as complete when "up --processes" runs a process for each actor',
    { timeout: 120_000 },
    async () => {
      const bus = await prepared('apart');
      const rest = ['predictor', 'recorder', 'trainer', 'deployer', 'watchdog', 'librarian'].map((name) => `${name}=0`);
      const masters = ['security', 'development', 'coordinator'].flatMap((name) => ['--master', name]);
      const scale = ['--actors', `worker=1,${rest.join(',')}`];
      const up = await startUp(['--no-infra', '--no-dashboard', '--processes', '--exec', 'cat', ...masters, ...scale], {
        ...env,
        CORTEX_PREFIX: 'apart',
      });
      try {
        const decisions = await submitted(bus, 4, 'apart');
        expect(decisions).toHaveLength(4);
        expect(await incomplete(decisions, 'apart')).toEqual([]);
      } finally {
        await up.stop();
      }
    },
  );

  it('that nobody takes slow nothing down and break nothing', { timeout: 120_000 }, async () => {
    const bus = await suite.connect({ prefix: 'dark' });
    await provision(bus);
    // Port 9 (discard): nobody is there.
    const env = {
      NATS_URL: suite.server().url,
      CORTEX_PREFIX: 'dark',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
      CORTEX_ENCODER: 'none',
    };
    const coordinator = startCortex('coordinator', ['actor', 'coordinator'], env);
    try {
      for (let i = 0; i < 50; i++)
        await bus.js.publish(bus.subjects.submit, JSON.stringify({ id: `dark-${i}`, text: 'hello' }));
      await until('all to be decided', async () => (await readLog(bus)).size === 50, 60_000);
      expect(coordinator.crashes()).toBe(0);
    } finally {
      await coordinator.stop();
    }
  });
});

function problemsOf(trace: JaegerTrace, hops: readonly Hop[]): string[] {
  const byId = new Map(trace.spans.map((span) => [span.spanID, span]));
  const problems: string[] = [];
  for (const { name, below, service, says } of hops) {
    const span = trace.spans.find((s) => s.operationName === name);
    if (!span) {
      problems.push(`${name} is missing; there: ${trace.spans.map((s) => s.operationName).join(', ')}`);
      continue;
    }
    const parent = byId.get(span.references.find((r) => r.refType === 'CHILD_OF')?.spanID ?? '');
    if (parent?.operationName !== below) problems.push(`${name} is below ${parent?.operationName}, not ${below}`);
    const by = trace.processes[span.processID]?.serviceName;
    if (by !== service) problems.push(`${name} is by ${by}, not ${service}`);
    const tags = Object.fromEntries(span.tags.map(({ key, value }) => [key, value]));
    for (const [key, value] of Object.entries(says)) {
      const fits =
        typeof value === 'object'
          ? (value as { asymmetricMatch(x: unknown): boolean }).asymmetricMatch(tags[key])
          : tags[key] === value;
      if (!fits) problems.push(`${name} says ${key} = ${tags[key]}, not ${value}`);
    }
  }
  return problems;
}

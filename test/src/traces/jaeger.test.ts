// A hundred tasks, a hundred complete traces: from the publisher's span to the settled outcome, seen through Jaeger's own query API.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { openMasters, watchPresence } from '@cortex/bus';
import { describeOnServer, until } from '@cortex/bus/testing';
import { expect, it } from 'vitest';
import { type Child, startCortex } from '../harness/children.js';
import { type JaegerTrace, jaegerBinary, startJaeger } from '../harness/jaeger.js';
import { readLog } from '../harness/ledger.js';

const CORTEX = fileURLToPath(new URL('../../../ops/dist/cli/main.js', import.meta.url));
const run = promisify(execFile);
const jaeger = jaegerBinary();

/** What every task's trace must hold, each below the one that caused it. */
const HOPS = [
  { name: 'send cortex.tasks.submit', below: undefined },
  { name: 'process cortex.tasks.submit', below: 'send cortex.tasks.submit' },
  { name: 'ask cortex.ask.router', below: 'process cortex.tasks.submit' },
  { name: 'process cortex.ask.router', below: 'ask cortex.ask.router' },
  { name: 'send cortex.log.decided', below: 'process cortex.tasks.submit' },
  { name: 'process work', below: 'send cortex.log.decided' },
  { name: 'send cortex.outcomes', below: 'process work' },
  { name: 'process cortex.outcomes', below: 'send cortex.outcomes' },
  { name: 'send cortex.log.settled', below: 'process cortex.outcomes' },
];

describeOnServer('traces', (suite) => {
  it.skipIf('missing' in jaeger)(
    'are one for each of a hundred tasks, with every hop in its place',
    { timeout: 240_000 },
    async () => {
      if ('missing' in jaeger) return;
      const backend = await startJaeger(jaeger.path);
      const folder = await mkdtemp(join(tmpdir(), 'cortex-traces-'));
      const children: Child[] = [];
      try {
        const bus = await suite.connect();
        const masters = await openMasters(bus);
        await masters.put({
          name: 'security',
          description: 'finds and mends vulnerabilities',
          keywords: ['CVE'],
          examples: ['scan the repo for CVEs', 'rotate the leaked key'],
        });
        await masters.put({
          name: 'development',
          description: 'writes code',
          keywords: ['implement'],
          examples: ['implement the form', 'refactor the parser'],
        });
        await masters.close();
        const env = {
          NATS_URL: suite.server().url,
          OTEL_EXPORTER_OTLP_ENDPOINT: backend.otlp,
          OTEL_BSP_SCHEDULE_DELAY: '200',
          CORTEX_ENCODER: 'none',
          CORTEX_HOME: folder,
        };
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
          presence.list().some((p) => p.actor === actor && (p.state === 'ready' || p.state === 'degraded'));
        await until('the actors', () => there('coordinator') && there('router'), 60_000);
        const file = join(folder, 'tasks.jsonl');
        const rows = Array.from({ length: 100 }, (_, i) =>
          JSON.stringify({
            id: `traced-${i}`,
            text: i % 2 ? `implement form ${i}` : `scan repo ${i} for CVE-2026-${1_000 + i}`,
          }),
        );
        await writeFile(file, rows.join('\n'));
        await run(process.execPath, [CORTEX, 'submit', '--file', file], { env: { ...process.env, ...env } });
        const settled = async () =>
          [...(await readLog(bus)).values()].filter((entries) => entries.some((e) => e.record.step === 'settled'))
            .length;
        await until('all to be settled', async () => (await settled()) === 100, 120_000);

        const decisions = [...(await readLog(bus)).values()].flatMap((entries) => entries[0]?.record.decision ?? []);
        expect(new Set(decisions.map((d) => d.trace_id)).size).toBe(100);
        expect(decisions.some((d) => d.experts.some((e) => e.name === 'lexical' && !e.abstained))).toBe(true);
        let firstProblems: string[] = [];
        let complete = 0;
        await until(
          'a hundred complete traces',
          async () => {
            complete = 0;
            firstProblems = [];
            for (const { trace_id: id, experts } of decisions) {
              const trace = id ? await backend.trace(id) : undefined;
              // Every expert that had something to say has its span.
              const heard = experts
                .filter((e) => !e.abstained)
                .map((e) => ({ name: `expert ${e.name}`, below: 'process cortex.ask.router' }));
              const problems = trace ? problemsOf(trace, [...HOPS, ...heard]) : ['no such trace'];
              if (problems.length === 0) complete++;
              else if (firstProblems.length === 0) firstProblems = problems;
            }
            return complete === 100;
          },
          30_000,
        ).catch(() => undefined);
        expect(firstProblems).toEqual([]);
        expect(complete).toBe(100);
        expect(await backend.services()).toEqual(
          expect.arrayContaining(['cortex-cli', 'cortex-coordinator', 'cortex-router', 'cortex-worker']),
        );
        presence.close();
      } finally {
        await Promise.all(children.map((child) => child.stop()));
        await backend.stop();
        await rm(folder, { recursive: true, force: true });
      }
    },
  );

  it('that nobody takes slow nothing down and break nothing', { timeout: 120_000 }, async () => {
    const bus = await suite.connect({ prefix: 'dark' });
    const { provision } = await import('@cortex/bus');
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

function problemsOf(trace: JaegerTrace, hops: readonly { name: string; below: string | undefined }[]): string[] {
  const byId = new Map(trace.spans.map((span) => [span.spanID, span]));
  const problems: string[] = [];
  for (const { name, below } of hops) {
    const span = trace.spans.find((s) => s.operationName === name);
    if (!span) {
      problems.push(`${name} is missing; there: ${trace.spans.map((s) => s.operationName).join(', ')}`);
      continue;
    }
    const parent = byId.get(span.references.find((r) => r.refType === 'CHILD_OF')?.spanID ?? '');
    if (parent?.operationName !== below) problems.push(`${name} is below ${parent?.operationName}, not ${below}`);
  }
  return problems;
}

// `npm run bench [-- --quick] [--json] [--keep]`: what a decision costs beside its floor, and under which conditions it costs more.
// The quick form is the regression gate: red when a ratio is worse than the kept one by more than the allowance, or a planted one is not found.
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { provideNatsServer } from '@cortex/ops';
import { dataFolder } from '../../harness/data.js';
import { optionsOf, partsOf } from '../../harness/options.js';
import { type ConditionRow, masters, memory, promises, shortCuts } from './conditions.js';
import { ALLOWANCE, judge, type Ratios } from './gate.js';
import { type Costs, compare, fresh, GATED, gate, history, replay, secondStart } from './parts.js';
import { telemetryCost } from './telemetry.js';

const values = optionsOf('npm run bench', {
  quick: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  /** Makes this run the one that later ones are judged by. */
  keep: { type: 'boolean', default: false },
  only: { type: 'string' },
});
const PARTS = [
  'gate',
  'history',
  'telemetry',
  'cores',
  'replicas',
  'masters',
  'promises',
  'short-cuts',
  'memory',
  'replay',
  'start',
] as const;
const wanted = partsOf('npm run bench', values.only, PARTS);
const KEPT = fileURLToPath(new URL('../../../../docs/results/bench.json', import.meta.url));
const say = (line: string) => process.stderr.write(`bench: ${line}\n`);
const began = Date.now();
const rows: ConditionRow[] = [];
let red = 0;

async function part(name: (typeof PARTS)[number], work: () => Promise<void>): Promise<void> {
  if (!wanted.has(name)) return;
  say(`${name} (${Math.round((Date.now() - began) / 1_000)} s)`);
  const before = rows.length;
  // What cannot be measured is a red row, not the end of what can.
  await work().catch((error: Error) => {
    red++;
    say(`RED ${name}: ${error.message}`);
    rows.push({ what: name, figure: `could not be measured: ${error.message.split('\n')[0]}` });
  });
  // Told at once: a long run that is cut off has not been for nothing.
  for (const row of rows.slice(before)) say(`  ${lineOf(row)}`);
}

const lineOf = ({ what, ratio, figure, reach }: ConditionRow) =>
  `| ${what} | ${ratio?.ratio ?? figure ?? ''} | ${ratio ? `${ratio.low}–${ratio.high}` : ''} | ${reach ?? ''} |`;

let ratios: Ratios = {};
let planted: number | undefined;
let costs: Costs | undefined;
await part('gate', async () => {
  const found = await gate(values.quick ? 3 : 8, say);
  ratios = found.ratios;
  planted = found.planted;
  costs = found.costs;
  for (const [what, ratio] of Object.entries(found.spread)) rows.push({ what, ratio });
  rows.push({ what: 'the first, with each message parsed 300 times more (planted)', figure: String(planted) });
});

await part('history', async () => {
  const [few, many] = values.quick ? [1_000, 20_000] : [1_000, 1_000_000];
  const ratio = await history(few, many, values.quick ? 2 : 6, say);
  rows.push({ what: `cost of a decision with ${many} tasks kept, over ${few}`, ratio, reach: '≤ 1.2' });
});

// A part that is named is run in either form.
if (!values.quick || values.only !== undefined) {
  await part('telemetry', async () => {
    for (const { what, ratio, reach } of await telemetryCost(values.quick ? 3 : 10, say))
      rows.push({ what, ratio, ...(reach ? { reach } : {}) });
  });
  await part('cores', async () => {
    const ratio = await compare({ before: ['taskset', '-c', '0'] }, {}, 'per_second', 6, () => fresh(150, 32));
    rows.push({ what: 'decisions a second on all cores, over pinned to one', ratio, reach: '≥ 1.7 on two' });
  });
  for (const n of [2, 4])
    await part('replicas', async () => {
      const args = ['--processes'];
      const more = `router=${n},coordinator=${n},trainer=0,recorder=0,librarian=0`;
      const ratio = await compare({ args }, { args, actors: more }, 'per_second', 4, () => fresh(150, 64));
      rows.push({
        what: `decisions a second with ${n} routers and coordinators in processes of their own, over 1`,
        ratio,
      });
    });
  await part('masters', async () => void rows.push(...(await masters(6))));
  await part('promises', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cortex-bench-cluster-'));
    process.env.CORTEX_NATS_SERVER = (await provideNatsServer({ log: say, onProgress: () => undefined })).path;
    rows.push(...(await promises(folder, 6)));
    await rm(folder, { recursive: true, force: true });
  });
  await part('short-cuts', async () => void rows.push(...(await shortCuts(6))));
  await part('memory', async () => void rows.push(...(await memory())));
  await part('replay', async () => {
    const data = dataFolder('load');
    if ('missing' in data) {
      rows.push({ what: 'arrivals of azure-llm-code', figure: `skipped: ${data.missing}` });
      return;
    }
    const text = gunzipSync(readFileSync(join(data.path, 'azure-llm-code.csv.gz'))).toString('utf8');
    const at = text
      .split('\n')
      .slice(1)
      .flatMap((line) => Date.parse(line.split(',')[0] ?? '') || []);
    const start = at[0] ?? 0;
    const moments = at.map((time) => time - start).filter((ms) => ms < 300_000);
    const deadlineMs = 1_500;
    const { decided, late, p50_ms, p99_ms, beyond } = await replay(moments, deadlineMs);
    rows.push({
      what: `five minutes of azure-llm-code as they arrived (${decided + late} tasks), later than ${deadlineMs} ms`,
      figure: `${beyond} (p50 ${p50_ms} ms, p99 ${p99_ms} ms)`,
      reach: '0',
    });
  });
  await part('start', async () => {
    const home = await mkdtemp(join(tmpdir(), 'cortex-bench-home-'));
    const { ready, first } = await secondStart(home);
    await rm(home, { recursive: true, force: true });
    rows.push({ what: 'second start: ready, and first decision', figure: `${ready} s, ${first} s`, reach: '≤ 5 s' });
  });
}

const machine = { cores: cpus().length, model: cpus()[0]?.model, node: process.version, load: loadavg()[0] };
const report = {
  at: new Date().toISOString(),
  quick: values.quick,
  machine,
  allowance: ALLOWANCE,
  ratios,
  planted,
  costs,
  rows,
};
if (values.keep) writeFileSync(KEPT, `${JSON.stringify(report, null, 2)}\n`);

const kept = (JSON.parse(readFileSync(KEPT, 'utf8')) as { ratios: Ratios }).ratios;
if (planted !== undefined) {
  for (const { what, ratio, kept: before, worse } of judge(ratios, kept)) {
    if (!worse) continue;
    red++;
    say(`RED ${what}: ${ratio}, kept ${before}, allowed ${(before * ALLOWANCE).toFixed(2)}`);
  }
  if (!judge({ [GATED]: planted }, { [GATED]: kept[GATED] ?? 0 })[0]?.worse) {
    red++;
    say(`RED the gate does not find the planted regression: ${planted}`);
  }
}
if (values.json) console.log(JSON.stringify(report));
else {
  console.log('| what | ratio, median of turns | middle half | to reach |\n|---|---|---|---|');
  for (const row of rows) console.log(lineOf(row));
}
say(`${red === 0 ? 'green' : `${red} red`} after ${Math.round((Date.now() - began) / 1_000)} s`);
process.exit(red === 0 ? 0 : 1);

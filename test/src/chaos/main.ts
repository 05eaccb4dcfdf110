// `npm run chaos [-- --quick --seed N --only N,N --json]`: one fault after the other against the real system. Fails when a bound does not hold.
import { cpus } from 'node:os';
import { provideEncoder, provideNatsServer } from '@cortex/ops';
import { optionsOf } from '../harness/options.js';
import { type Performed, perform } from './perform.js';
import { print } from './print.js';
import { SCENARIOS } from './table.js';

const values = optionsOf(
  'npm run chaos',
  {
    quick: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
  ['seed'],
);
const say = (line: string) => process.stderr.write(`${line}\n`);
const seed = Number(values.seed);
const only = values.only?.split(',').map((word) => word.trim());
const chosen = SCENARIOS.filter(({ number, name }) => only?.some((o) => o === String(number) || o === name) ?? true);
if (chosen.length === 0 || !Number.isInteger(seed)) {
  say(`--seed is a whole number; --only takes ${SCENARIOS.map((s) => `${s.number} (${s.name})`).join(', ')}`);
  process.exit(2);
}
// What was started ends with this process.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));
process.env.CORTEX_NATS_SERVER = (await provideNatsServer({ log: say, onProgress: () => undefined })).path;
const encoder = await provideEncoder({ log: say, onProgress: () => undefined });
const done: Performed[] = [];
const began = Date.now();
for (const scenario of chosen) {
  say(`${scenario.number} ${scenario.name}: ${scenario.fault}${values.quick ? ` (quick: ${scenario.quick})` : ''}`);
  const performed = await perform(scenario, {
    quick: values.quick,
    seed,
    encoder: encoder.found ? encoder.folder : undefined,
    say: (line) => say(`  ${line}`),
  });
  const bad = performed.checks.filter((check) => !check.ok).map((c) => `${c.what} ${c.got}, bound ${c.bound}`);
  say(
    `  ${performed.verdict} in ${performed.took_s} s${[...bad, performed.reason ?? '']
      .filter(Boolean)
      .map((b) => `\n  ${b}`)
      .join('')}`,
  );
  done.push(performed);
}
const took_s = Math.round((Date.now() - began) / 1_000);
const machine = { cores: cpus().length, model: cpus()[0]?.model ?? 'unknown', node: process.version };
if (values.json)
  console.log(
    JSON.stringify({ at: new Date().toISOString(), seed, quick: values.quick, machine, took_s, scenarios: done }),
  );
else console.log(`${print(done)}\n\nseed ${seed}, ${values.quick ? 'quick form, ' : ''}${took_s} s`);
const mustAll = process.env.CORTEX_REQUIRE_ALL === '1';
const red = done.filter(({ verdict }) => verdict === 'failed' || (verdict === 'cannot' && mustAll));
process.exit(red.length > 0 ? 1 : 0);

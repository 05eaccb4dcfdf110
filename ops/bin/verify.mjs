// `npm run verify`: every gate, cheapest first, a line each, then a summary. `--no-tests` leaves the tests out,
// `npm run verify -- docs boundaries` runs the gates whose names hold one of these words.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Red, Skipped } from '../gates/gate.mjs';
import { gates } from '../gates/index.mjs';
import { installDependencies } from './prepare/dependencies.mjs';
import { root, say } from './prepare/prepare.mjs';

const words = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const wanted = gates
  .filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)))
  .filter(({ name }) => name !== 'tests' || !process.argv.includes('--no-tests'));
if (wanted.length === 0) {
  say(`no gate is called ${words.join(' or ')}: there are ${gates.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}

await installDependencies(root, say).catch((error) => {
  say(error.message);
  process.exit(1);
});

const results = [];
for (const gate of wanted) {
  const began = Date.now();
  const result = { gate: gate.name, state: 'green', detail: undefined, seconds: 0 };
  try {
    result.detail = await gate.run(root);
  } catch (error) {
    result.state = error instanceof Skipped ? 'skipped' : 'red';
    result.detail = error instanceof Red || error instanceof Skipped ? error.message : error.stack;
  }
  result.seconds = (Date.now() - began) / 1000;
  results.push(result);
  const mark = { green: '✓', red: '✗', skipped: '-' }[result.state];
  console.log(
    `${mark} ${gate.name.padEnd(42)} ${result.seconds.toFixed(1).padStart(6)} s  ${(result.detail ?? '').split('\n')[0]}`,
  );
  if (result.state === 'red') console.log(`${result.detail.trim().replace(/^/gm, '    ')}`);
}

const report = process.env.CORTEX_VERIFY_REPORT ?? join(root, 'tmp', 'verify-report.json');
mkdirSync(dirname(report), { recursive: true });
writeFileSync(report, JSON.stringify(results, null, 2));

const red = results.filter(({ state }) => state === 'red').map(({ gate }) => gate);
const skipped = results.filter(({ state }) => state === 'skipped').map(({ gate }) => gate);
const seconds = results.reduce((sum, result) => sum + result.seconds, 0).toFixed(0);
console.log(
  `verify: ${results.length} gates in ${seconds} s, ${red.length} red${red.length ? ` (${red.join(', ')})` : ''}` +
    `${skipped.length ? `, skipped: ${skipped.join(', ')}` : ''}`,
);
process.exit(red.length > 0 ? 1 : 0);

// `npm run sim:bus [-- --seeds 10000 --seed 1 --trace]`: histories of the coordinators and workers under faults, one per seed; the same seed
// is the same history. Prints what was broken, with the seed that shows it, and fails.

import { optionsOf } from '../harness/options.js';
import { play } from './world.js';

const values = optionsOf(
  'npm run sim:bus',
  {
    seeds: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    tasks: { type: 'string', default: '6' },
    trace: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
  ['seeds', 'seed', 'tasks'],
);
const first = Number(values.seed);
const count = values.trace ? 1 : Number(values.seeds);
const began = Date.now();
const total = { histories: 0, steps: 0, crashes: 0, records: 0, fenced: 0, done_twice: 0, broken: 0 };
const found: { seed: number; broken: string[] }[] = [];
for (let seed = first; seed < first + count; seed++) {
  const history = await play(seed, {
    tasks: Number(values.tasks),
    coordinators: 2,
    workers: 3,
    keepTrace: values.trace,
  });
  total.histories++;
  total.steps += history.steps;
  total.crashes += history.crashes;
  total.records += history.records;
  total.fenced += history.fenced;
  total.done_twice += history.doneTwice;
  if (history.broken.length > 0) {
    total.broken++;
    found.push({ seed, broken: history.broken });
    if (found.length <= 10) console.error(`seed ${seed}: ${history.broken.join('; ')}`);
  }
  if (values.trace) console.log(history.trace.join('\n'));
}
const seconds = Math.round((Date.now() - began) / 100) / 10;
if (values.json) console.log(JSON.stringify({ first_seed: first, ...total, seconds, found: found.slice(0, 100) }));
else
  console.log(
    `${total.histories} histories (seeds ${first} to ${first + count - 1}) in ${seconds} s: ${total.steps} steps, ${total.crashes} deaths, ` +
      `${total.records} records, ${total.done_twice} tasks worked on twice, ${total.fenced} late claims refused, ${total.broken} with a broken promise`,
  );
process.exit(total.broken > 0 ? 1 : 0);

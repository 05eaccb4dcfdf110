// `npm run sim:scale`: what 10, 1,000 and 100,000 tasks a second need, from the costs that `npm run bench` measured; a table for docs/scale.md.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { capacity, type Station, serversFor, utilisation } from './model.js';
import { simulate } from './simulate.js';

interface Cost {
  actors: number;
  nats: number;
  per_second: number;
}
const file = fileURLToPath(new URL('../../../docs/results/bench.json', import.meta.url));
const { costs, machine } = JSON.parse(readFileSync(file, 'utf8')) as {
  costs: { bare: number; memory: Cost; whole: Cost };
  machine: { cores: number };
};

/** Durable writes a second one stream takes: measured alone (default sync), assumed with three copies. */
const WRITES = { r1: 16_500, r3: 5_000 };
/** Durable writes a task: submit, decision, claim, settlement. */
const WRITES_A_TASK = 4;

/** One machine: everything shares its cores. */
function small(cost: Cost, cores: number): Station[] {
  return [
    { name: 'nats-server', ms: cost.nats, servers: cores, pool: 'cores' },
    { name: 'actors', ms: cost.actors, servers: cores, pool: 'cores' },
  ];
}

console.log('Check at the small end: throughput with 8 under way, of texts decided before over new ones\n');
const told = (cost: Cost) =>
  simulate({ stations: small(cost, machine.cores), underWay: 8, tasks: 20_000, seed: 1 }).perSecond;
const predicted = told(costs.memory) / told(costs.whole);
const measured = costs.memory.per_second / costs.whole.per_second;
console.log(
  `predicted ${predicted.toFixed(2)}, measured ${measured.toFixed(2)} (${(predicted / measured).toFixed(2)} ×)\n`,
);

console.log(
  '| tasks a second | cores for actors | cores for nats-server | LOG streams (R1) | LOG streams (R3) | busiest at 60 % |\n|---|---|---|---|---|---|',
);
for (const perSecond of [10, 1_000, 100_000]) {
  const stations: Station[] = [
    { name: 'actors', ms: costs.whole.actors, servers: 1 },
    { name: 'nats-server', ms: costs.whole.nats, servers: 1 },
    { name: 'streams R1', ms: (1_000 * WRITES_A_TASK) / WRITES.r1, servers: 1 },
    { name: 'streams R3', ms: (1_000 * WRITES_A_TASK) / WRITES.r3, servers: 1 },
  ];
  const need = serversFor(stations, perSecond);
  const busiest = utilisation(stations, perSecond)[0];
  console.log(
    `| ${perSecond.toLocaleString('en')} | ${['actors', 'nats-server', 'streams R1', 'streams R3'].map((name) => need.get(name)).join(' | ')} | ${busiest?.name} |`,
  );
}

console.log('\n| one machine of 2 cores, tasks a second | of its capacity | p50, ms | p99, ms |\n|---|---|---|---|');
const machineStations = small(costs.whole, 2);
const most = capacity(machineStations);
for (const share of [0.1, 0.5, 0.8, 0.95]) {
  const perSecond = most * share;
  const { p50_ms, p99_ms } = simulate({ stations: machineStations, perSecond, tasks: 40_000, seed: 1 });
  console.log(`| ${perSecond.toFixed(0)} | ${Math.round(100 * share)} % | ${p50_ms} | ${p99_ms} |`);
}

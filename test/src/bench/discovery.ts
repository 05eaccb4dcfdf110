// `npm run bench:discovery`: some labels are hidden from the registry; are their tasks found as groups of their own, among real noise?
import { join } from 'node:path';
import { discover, loadEncoder, seededRandom } from '@cortex/models';
import { provideEncoder } from '@cortex/ops';
import { dataFolder, readRows } from '../harness/data.js';
import { optionsOf } from '../harness/options.js';

interface Row {
  text: string;
  label: string | null;
}

const values = optionsOf('npm run bench:discovery', { seed: { type: 'string', default: '7' } }, ['seed']);
const log = (line: string) => process.stderr.write(`${line}\n`);
const found = await provideEncoder({ log });
const data = dataFolder('routing');
if (!found.found || 'missing' in data) {
  log('missing' in data ? data.missing : 'the encoder could not be had');
  process.exit(1);
}
const encoder = await loadEncoder(found.folder);
console.log(
  '| set | labels hidden | their tasks | noise | proposals | labels found | tasks in proposals | purity | ms |',
);
console.log('|---|---|---|---|---|---|---|---|---|');
for (const [set, hide] of [
  ['clinc-intents', 10],
  ['clinc-intents', 20],
  ['clinc-domains', 3],
  ['it-tickets', 2],
] as const) {
  const random = seededRandom(Number(values.seed));
  const rows = readRows<Row>(join(data.path, set, 'train.jsonl.gz'));
  const labels = [...new Set(rows.flatMap(({ label }) => (label === null ? [] : [label])))];
  const hidden = new Set<string>();
  while (hidden.size < hide) hidden.add(labels[Math.floor(random() * labels.length)] ?? '');
  const of = (label: string | null, count: number) => rows.filter((row) => row.label === label).slice(0, count);
  const noise = of(null, 100);
  const tasks = [...[...hidden].flatMap((label) => of(label, 20)), ...noise];
  for (let i = tasks.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [tasks[i], tasks[j]] = [tasks[j] as Row, tasks[i] as Row];
  }
  const masters = [];
  for (const name of labels.filter((label) => !hidden.has(label)))
    masters.push({ name, vectors: await encoder.encode(of(name, 10).map(({ text }) => text)) });
  const vectors = await encoder.encode(tasks.map(({ text }) => text));
  const began = performance.now();
  const proposals = discover({ texts: tasks.map(({ text }) => text), vectors, masters });
  const ms = Math.round(performance.now() - began);
  const majority = proposals.map(({ members }): [string | null, number] => {
    const counts = new Map<string | null, number>();
    for (const i of members) counts.set(tasks[i]?.label ?? null, (counts.get(tasks[i]?.label ?? null) ?? 0) + 1);
    return [...counts].sort((a, b) => b[1] - a[1])[0] ?? [null, 0];
  });
  const grouped = proposals.reduce((sum, { members }) => sum + members.length, 0);
  const pure = majority.reduce((sum, [, count]) => sum + count, 0);
  const named = new Set(majority.map(([label]) => label).filter((label) => label !== null));
  console.log(
    `| ${set} | ${hide} | ${tasks.length - noise.length} | ${noise.length} | ${proposals.length} | ${named.size} | ${grouped} | ${grouped === 0 ? '' : (pure / grouped).toFixed(2)} | ${ms} |`,
  );
}
await encoder.close();

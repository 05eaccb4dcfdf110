// `npm run demo:learning [-- --quick --json --only improve,harm,shift,equal --inline]`: what the system learns by itself and what harm it
// stops, on real tickets through a real nats-server; printed, with a picture in tmp/learning.svg.
import { mkdir, writeFile } from 'node:fs/promises';
import { provideNatsServer } from '@cortex/ops';
import { dataFolder } from '../harness/data.js';
import { optionsOf, partsOf } from '../harness/options.js';
import { type EqualReport, runEqual } from './equal.js';
import { type HarmReport, runHarm } from './harm.js';
import { type ImproveReport, runImprove, type Share } from './improve.js';
import { pictureOf } from './picture.js';
import { runShift, type ShiftReport } from './shift.js';

const values = optionsOf(
  'npm run demo:learning',
  {
    /** Fewer tasks: a minute or so. */
    quick: { type: 'boolean' },
    json: { type: 'boolean' },
    only: { type: 'string' },
    seed: { type: 'string' },
    /** Without the trainer actor: this process does what `cortex train` does, at the same moments. */
    inline: { type: 'boolean' },
    /** People are asked about tasks that the router is unsure of. */
    ask: { type: 'boolean' },
  },
  ['seed'],
);
interface Report {
  improve?: ImproveReport;
  equal?: EqualReport;
  harm?: HarmReport[];
  harm_straight_to_canary?: HarmReport[];
  shift?: ShiftReport;
}
const log = (line: string) => process.stderr.write(`${line}\n`);
const wanted = partsOf('npm run demo:learning', values.only, ['improve', 'equal', 'harm', 'shift']);
const quick = values.quick === true;
const seed = Number(values.seed ?? 1);

process.env.CORTEX_NATS_SERVER = (await provideNatsServer({ log, onProgress: log })).path;
const folder = dataFolder('routing/it-tickets');
if ('missing' in folder) throw new Error(folder.missing);
const data = folder.path;
const report: Report = {};
if (wanted.has('improve')) {
  const [tasks, volume] = quick ? [900, 350] : [3_000, 250];
  const ask = values.ask === true;
  report.improve = await runImprove({ data, tasks, each: 50, volume, seed, trainer: values.inline !== true, ask, log });
  await mkdir('tmp', { recursive: true });
  await writeFile('tmp/learning.svg', pictureOf(report.improve));
}
if (wanted.has('equal')) report.equal = runEqual(quick ? 200 : 500, quick ? 400 : 1_500);
if (wanted.has('harm')) {
  report.harm = await runHarm({ data, tasks: quick ? 600 : 1_000, seed, straight: false, brief: quick, log });
  if (!quick)
    report.harm_straight_to_canary = await runHarm({ data, tasks: 1_500, seed, straight: true, brief: false, log });
}
if (wanted.has('shift') && !quick) report.shift = await runShift({ data, before: 400, after: 1_600, seed, log });
process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : print(report));

function print({ improve, equal, harm, harm_straight_to_canary: straight, shift }: Report): string {
  const percent = ({ value, low, high }: Share) =>
    `${(100 * value).toFixed(1)} % (${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)})`;
  const lines: string[] = [];
  if (improve)
    lines.push(
      `first model ${percent(improve.first)}; ${improve.champion} after ${improve.tasks} tasks ${percent(improve.last)}; all labels at once ${percent(improve.all_labels)}`,
      `newest version ${improve.newest} ${percent(improve.newest_accuracy)}`,
      `${improve.trainings} trainings, ${improve.promotions} promotions, ${improve.harmed} tasks harmed, ${improve.asked} asked about, ${improve.lost} lost, ${improve.seconds} s; picture in tmp/learning.svg`,
    );
  if (equal)
    lines.push(
      `equal models: called better in ${equal.called_better} of ${equal.runs} trials of ${equal.tasks} tasks: type I error ${(100 * equal.type_1_error).toFixed(1)} %; ten points better found in ${(100 * equal.power_ten_points).toFixed(0)} %`,
      `successors two points worse: called no worse in ${(100 * equal.successor.type_1_error).toFixed(1)} % of ${equal.successor.runs}; three points better found in ${(100 * equal.successor.power_three_points).toFixed(0)} % (${(100 * equal.successor.power_three_points_unknown).toFixed(0)} % where nobody knows what it was made of)`,
    );
  for (const [how, rows] of [
    ['shadow first', harm],
    ['straight to 10 %', straight],
  ] as const)
    for (const h of rows ?? [])
      lines.push(
        `${how}, ${h.scenario}: highest share ${100 * h.highest_share} %, ${h.harmed} of ${h.traffic} tasks harmed, stopped after ${h.stopped_after_tasks ?? 'never'} tasks: ${h.reason}`,
      );
  if (shift)
    lines.push(
      `${shift.swapped.join(' and ')} swap: ${percent(shift.accuracy_before)} before, ${percent(shift.accuracy_broken)} until relearnt, ${percent(shift.accuracy_recovered)} at the end; alarm after ${shift.alarm_after_tasks ?? 'no'} tasks, ${shift.trainings} trainings, ${shift.promotions} promotions`,
    );
  return `${lines.join('\n')}\n`;
}

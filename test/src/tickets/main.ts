// `npm run e2e:tickets [-- --json --kill --reviews --limit N]`: the run, printed for people or programs. Fails when anything was lost or done twice.
import { provideEncoder, provideNatsServer } from '@cortex/ops';
import { optionsOf } from '../harness/options.js';
import { runTickets, type TicketReport } from './run.js';

const values = optionsOf(
  'npm run e2e:tickets',
  {
    json: { type: 'boolean' },
    kill: { type: 'boolean' },
    reviews: { type: 'boolean' },
    limit: { type: 'string' },
  },
  ['limit'],
);
const log = (line: string) => process.stderr.write(`${line}\n`);

process.env.CORTEX_NATS_SERVER = (await provideNatsServer({ log, onProgress: log })).path;
const encoder = await provideEncoder({ log, onProgress: log });
if (!encoder.found) log(`without an encoder: ${encoder.reason}`);
const report = await runTickets({
  encoder: encoder.found ? encoder.folder : undefined,
  kill: values.kill === true,
  // Under kills the second pass would measure nothing.
  reviews: values.kill !== true,
  trained: values.kill !== true,
  log,
  ...(values.limit === undefined ? {} : { limit: Number(values.limit) }),
});
process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : print(report));
const whole = [report.decided, report.delivered, report.done].every((n) => n === report.submitted);
if (!whole || report.twice > 0) process.exitCode = 1;

function print(r: TicketReport): string {
  const percent = (x: number) => `${(100 * x).toFixed(1)} %`;
  const ms = (x: number | undefined) => (x === undefined ? 'none' : `${x.toFixed(1)} ms`);
  return [
    `decided ${r.decided}, delivered ${r.delivered}, done ${r.done}, twice ${r.twice}   (of ${r.submitted}; run again ${r.run_again}, dead letters ${r.dead_letters})`,
    `accuracy ${percent(r.accuracy)}   95 % interval ${r.accuracy_interval.map(percent).join(' to ')}`,
    `decision p50 ${ms(r.decision_ms.p50)}, p99 ${ms(r.decision_ms.p99)}   beside: encoder pass ${ms(r.floor.encoder_ms)}, bus hops ${ms(r.floor.hops_ms)} (p50, same run)`,
    `decided by ${Object.entries(r.methods)
      .map(([m, n]) => `${m} ${n}`)
      .join(', ')}`,
    ...(r.asked_share === undefined ? [] : [`with reviews on, a person is asked for ${percent(r.asked_share)}`]),
    ...(r.trained === undefined
      ? []
      : [
          `trained router, swapped in live: accuracy ${percent(r.trained.through_nats)} through NATS, ${percent(r.trained.evaluated)} asked directly`,
        ]),
    ...(Object.keys(r.kills).length > 0
      ? [
          `killed -9: ${Object.entries(r.kills)
            .map(([k, n]) => `${k} ${n} ×`)
            .join(', ')}`,
        ]
      : []),
    `took ${r.seconds} s`,
    '',
  ].join('\n');
}

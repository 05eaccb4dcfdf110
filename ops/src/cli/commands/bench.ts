// `cortex bench`: load and latency beside what they cannot be below.
import type { Command } from 'commander';
import type { BenchReport } from '../../bench/run.js';
import { provideEncoder } from '../../provide/index.js';
import { type BusFlags, busAddress, parseCount, withBusOptions, withExample, withJsonOption } from '../options.js';
import { note, printJson, printText, progressBar, table } from '../output/index.js';

interface Flags extends BusFlags {
  seconds: number;
  actors?: string;
  running?: boolean;
  json?: boolean;
}

export function addBench(program: Command): void {
  const command = program
    .command('bench')
    .summary('load and latency, each beside its floor')
    .description(
      'Starts a system of its own in a temporary folder (or takes the running one), publishes tasks, and prints decision latency and throughput beside the bare encoder pass and the bare hops on the bus, measured in the same run. Read the ratios: times are those of this machine now.',
    )
    .option('--seconds <n>', 'length of each loaded part', parseCount, 10)
    .option('--actors <list>', 'how many of each actor, as for "cortex up"')
    .option('--running', 'measure the system at --nats instead of starting one: its log keeps the tasks of the bench')
    .action(bench);
  withBusOptions(command);
  withJsonOption(command);
  withExample(command, 'bench', 'bench --seconds 30 --actors router=2 --json');
}

async function bench(flags: Flags): Promise<void> {
  const { runBench } = await import('../../bench/run.js');
  const found = await provideEncoder({ log: (line) => note(`cortex: ${line}`) });
  if (!found.found) note(`cortex: no encoder, words alone: ${found.reason.split('\n')[0]}`);
  const report = await runBench({
    encoder: found.found ? found.folder : undefined,
    seconds: flags.seconds,
    show: progressBar(),
    ...(flags.running ? { servers: busAddress(flags).servers } : {}),
    ...(flags.actors === undefined ? {} : { actors: flags.actors }),
  });
  if (flags.json) return printJson(report);
  print(report);
}

function print(report: BenchReport): void {
  const { floor, light, saturation, half, eighty, ratios, usage, machine } = report;
  const ms = (value: number | undefined) => (value === undefined || Number.isNaN(value) ? '' : `${value} ms`);
  printText(
    table(
      ['what', 'p50', 'p99', 'decisions a second'],
      [
        ['floor: encoder pass', ms(floor.encoder_ms), '', ''],
        ['floor: hops on the bus', ms(floor.hops_ms), '', ''],
        ['one at a time, short texts', ms(light.short.p50_ms), ms(light.short.p99_ms), ''],
        ['one at a time, medium texts', ms(light.medium.p50_ms), ms(light.medium.p99_ms), ''],
        ['one at a time, long texts', ms(light.long.p50_ms), ms(light.long.p99_ms), ''],
        ['one at a time, decided before', ms(light.repeated.p50_ms), ms(light.repeated.p99_ms), ''],
        ['at saturation, 64 under way', ms(saturation.p50_ms), ms(saturation.p99_ms), String(saturation.per_second)],
        ['at 50 % of it', ms(half.p50_ms), ms(half.p99_ms), String(half.per_second)],
        ['at 80 % of it', ms(eighty.p50_ms), ms(eighty.p99_ms), String(eighty.per_second)],
      ],
    ),
  );
  printText('');
  for (const [what, ratio] of Object.entries(ratios)) printText(`${ratio.toFixed(2)} ×  ${what}`);
  if (usage) {
    const { cpu_ms_per_decision: cpu, memory_mb: memory } = usage;
    printText(
      `${cpu.actors + cpu.nats} ms of processor a decision at saturation (actors with encoder ${cpu.actors}, nats-server ${cpu.nats})`,
    );
    printText(`${memory.actors} MiB actors, ${memory.nats} MiB nats-server`);
  }
  const late = [light.short, light.medium, light.long, light.repeated, saturation, half, eighty].reduce(
    (sum, m) => sum + m.late,
    0,
  );
  if (late > 0) printText(`${late} tasks were not decided within 15 s`);
  printText(
    `${machine.cores} × ${machine.model}, Node ${machine.node}${report.ready_seconds === undefined ? '' : `; ready after ${report.ready_seconds} s`}`,
  );
}

// `cortex watch`: what happens, as it happens.
import type { Bus } from '@cortex/bus';
import {
  alertSchema,
  deadLetterSchema,
  decodeMessage,
  LOG_STEPS,
  logRecordSchema,
  reviewRequestSchema,
} from '@cortex/schemas';
import { type Command, Option } from 'commander';
import { type BusFlags, parseCount, parseDuration, withBusOptions, withExample, withJsonOption } from '../options.js';
import { colours, lastLine, masterOf, note, printLine, printText } from '../output/index.js';
import { lookAtBus } from '../session.js';
import { askedToEnd } from '../signals.js';
import { type Happening, happeningLine } from '../watch/happening.js';
import { watchSummary } from '../watch/summary.js';

interface Flags extends BusFlags {
  step?: string;
  master?: string;
  task?: string;
  count?: number;
  for?: number;
  json?: boolean;
}

export function addWatch(program: Command): void {
  const command = program
    .command('watch')
    .summary('decisions, outcomes, alerts as they happen')
    .description(
      'Shows every step of every task, alerts, questions to people and dead letters, as they happen. Ctrl-C ends it.',
    )
    .addOption(new Option('--step <step>', 'only this step').choices(LOG_STEPS))
    .option('--master <name>', 'only this master')
    .option('--task <id>', 'only this task')
    .option('--count <n>', 'end after so many lines', parseCount)
    .option('--for <time>', 'end after this long, such as 30s', parseDuration);
  withBusOptions(command);
  withJsonOption(command, 'print one JSON object a line');
  withExample(command, 'watch', 'watch --step settled --master security --json');
  command.action(watch);
}

async function watch(flags: Flags): Promise<void> {
  await lookAtBus(flags, async (bus) => {
    let shown = 0;
    let full: () => void = () => undefined;
    const enough = new Promise<void>((resolve) => {
      full = resolve;
    });
    const summary = watchSummary(Date.now());
    if (!flags.json) note(`cortex: watching ${bus.servers} (Ctrl-C ends)`);
    // A live view needs a terminal on both sides: what is piped gets its lines and nothing else.
    const live = !flags.json && process.stdout.isTTY;
    const bottom = live
      ? lastLine(() => colours().dim(summary.text(Date.now())))
      : { above: (print: () => void) => print(), stop: () => undefined };
    const stop = listen(bus, (happening) => {
      if (!wanted(happening, flags) || (flags.count !== undefined && shown >= flags.count)) return;
      shown++;
      if ('record' in happening) summary.take(happening.record, Date.now());
      else if (happening.event === 'alert') summary.alert();
      if (flags.json) printLine(happening);
      else bottom.above(() => printText(happeningLine(happening, colours())));
      if (shown === flags.count) full();
    });
    await bus.nc.flush();
    const ends: Promise<unknown>[] = [enough, askedToEnd(() => process.exit(0))];
    if (flags.for !== undefined) ends.push(new Promise((resolve) => setTimeout(resolve, flags.for)));
    await Promise.race(ends);
    stop();
    bottom.stop();
  });
}

function listen(bus: Bus, onHappening: (happening: Happening) => void): () => void {
  const { subjects } = bus;
  const on = (subject: string, read: (data: Uint8Array) => Happening) =>
    bus.nc.subscribe(subject, {
      callback(error, msg) {
        if (error) return;
        let happening: Happening;
        try {
          happening = read(msg.data);
        } catch {
          // Not ours to judge: a stray message on a subject everybody may publish to.
          return;
        }
        onHappening(happening);
      },
    });
  const subscriptions = [
    on(subjects.live('*'), (data) => {
      const record = decodeMessage('record', logRecordSchema, data);
      const master = masterOf(record);
      return { event: record.step, at: record.at, task: record.task.id, ...(master ? { master } : {}), record };
    }),
    on(subjects.alerts, (data) => {
      const alert = decodeMessage('alert', alertSchema, data);
      return { event: 'alert', at: alert.at, alert };
    }),
    on(subjects.reviewsRequested, (data) => {
      const review = decodeMessage('review', reviewRequestSchema, data);
      return { event: 'review', at: review.asked_at, ...(review.task ? { task: review.task } : {}), review };
    }),
    on(subjects.deadAll, (data) => {
      const letter = decodeMessage('dead letter', deadLetterSchema, data);
      return { event: 'dead', at: letter.at, letter };
    }),
  ];
  return () => {
    for (const subscription of subscriptions) subscription.unsubscribe();
  };
}

function wanted(happening: Happening, { step, master, task }: Flags): boolean {
  if (step !== undefined && happening.event !== step) return false;
  if (master !== undefined && (happening as { master?: string }).master !== master.replace(/-master$/, ''))
    return false;
  return task === undefined || (happening as { task?: string }).task === task;
}

// `cortex train [FAMILY]`: a training by the trainers on the bus, or, where there is none or rows are brought, by the same code in this process.
import { statSync } from 'node:fs';
import type { GivenRows } from '@cortex/actor-trainer';
import type { Bus } from '@cortex/bus';
import type { Command } from 'commander';
import { readOutcomeRows, readPairRows, readRoutingRows, trainInThisProcess } from '../../train/index.js';
import { findEncoder } from '../encoder.js';
import { Failed, WrongInput } from '../failures.js';
import { type BusFlags, parseCount, withBusOptions, withExample, withJsonOption } from '../options.js';
import { note, plural, printJson, printText, progressBar } from '../output/index.js';
import { person, withBus } from '../session.js';
import { addTrainJobs, hasTrainer, jobOf, trainByTrainer, whatNow } from './train-jobs.js';

/** success, minutes, tokens and complexity are one predictor: they share its features, and are trained together. */
const FAMILIES = ['router', 'success', 'minutes', 'tokens', 'complexity', 'anomaly', 'encoder'] as const;

interface Flags extends BusFlags {
  rows?: string;
  from?: string;
  local?: boolean;
  seed: number;
  encoder: boolean;
  neural?: boolean;
  promote: boolean;
  watch?: boolean;
  tune?: number;
  json?: boolean;
}

export function addTrain(program: Command): void {
  const command = program
    .command('train')
    .summary('learn from outcomes and corrections')
    .description(
      'Trains a model on what the log holds (or on a file) and publishes it: it serves at once, or is tried out first where a deployer runs. ' +
        'A running trainer does it, followed here (Ctrl-C ends the watching, not the training); without one, and with --rows or --local, this process does. Families: ' +
        `${FAMILIES.join(', ')}; success to complexity are one predictor and are trained together; anomaly learns workers' telemetry; encoder adapts the librarian's to pairs of texts.`,
    )
    .argument('[family]', `one of ${FAMILIES.join(', ')}`, 'router')
    .option(
      '--rows <file>',
      'rows instead of the log: {"text", "label"} for router, {"query", "document"} for encoder, {"text", "master", "success"?, …} else',
    )
    .option('--from <file>', 'the same as --rows')
    .option('--local', 'in this process, also where a trainer runs')
    .option('--seed <n>', 'the same seed and rows give the same model', parseCount, 1)
    .option(
      '--neural',
      'try the network as one more voice, kept where held-out rows show that it helps: minutes instead of seconds',
    )
    .option('--no-promote', 'publish it, and let "cortex models promote" decide')
    .option('--watch', 'by a trainer, and by nobody else')
    .option(
      '--tune <n>',
      'the same, after a search for hyper-parameters of the network with so many trials',
      parseCount,
    )
    .option('--no-encoder', 'without the sentence encoder: words alone');
  withBusOptions(command);
  withJsonOption(command);
  withExample(
    command,
    'train router',
    'train router --neural',
    'train router --tune 20',
    'train success --rows outcomes.jsonl.gz',
  );
  addTrainJobs(command);
  command.action(train);
}

async function train(family: string, flags: Flags): Promise<void> {
  if (!(FAMILIES as readonly string[]).includes(family))
    throw new WrongInput(
      'family',
      family === 'forecast'
        ? 'the watchdog chooses its forecasters while it runs, from what just arrived: there is nothing to train'
        : `"${family}" is none; there are ${FAMILIES.join(', ')}`,
    );
  if (family === 'anomaly' && (flags.rows ?? flags.from) !== undefined)
    throw new WrongInput('--rows', "telemetry comes from the recorder's files alone");
  const option = flags.rows === undefined ? '--from' : '--rows';
  const file = flags.rows ?? flags.from;
  if (file !== undefined && !statSync(file, { throwIfNoEntry: false })?.isFile())
    throw new WrongInput(`${option} ${file}`, 'there is no such file');
  const byTrainer = flags.watch === true || flags.tune !== undefined;
  const here = file !== undefined ? option : flags.local ? '--local' : undefined;
  if (byTrainer && here !== undefined)
    throw new WrongInput(here, 'trains in this process: leave --watch and --tune out, which ask the trainers');
  if (flags.tune !== undefined && family !== 'router')
    throw new WrongInput('--tune', 'only the network of the router has hyper-parameters to search for');
  // Before anything is asked of the bus: what is wrong with a file is said at once.
  const rows = file === undefined ? undefined : readRows(family, file);
  await withBus(flags, async (bus) => {
    if (byTrainer || (here === undefined && (await hasTrainer(bus)))) return trainByTrainer(bus, family, flags);
    if (here === undefined) note('cortex: no trainer is running: this process trains');
    await trainHere(bus, family, flags, rows);
  });
}

function readRows(family: string, file: string): GivenRows {
  if (family === 'router') return readRoutingRows(file);
  return family === 'encoder' ? readPairRows(file) : readOutcomeRows(file);
}

async function trainHere(bus: Bus, family: string, flags: Flags, rows: GivenRows | undefined): Promise<void> {
  const stopping = new AbortController();
  const stop = () => stopping.abort(new Failed('stopped: nothing was published'));
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  const show = progressBar();
  try {
    const trained = await trainInThisProcess(bus, {
      job: jobOf(family, flags),
      ...(rows ? { rows } : {}),
      encoder: flags.encoder ? await findEncoder() : '',
      promote: flags.promote,
      by: person(),
      onProgress: show,
      onWait: () => note('cortex: somebody else trains this family; this training waits for its end'),
      signal: stopping.signal,
    });
    show('publishing', 1);
    const { facts, folder, rows: kept, name, waits } = trained;
    for (const [why, n] of Object.entries(kept.left_out)) note(`cortex: ${plural(n, 'task')} left out: ${why}`);
    if (flags.json)
      return printJson({
        ...facts,
        folder,
        name,
        ...(waits === undefined ? {} : { waits }),
        alias: waits === undefined ? 'champion' : null,
        report: kept.report,
      });
    printText(
      `trained the ${facts.family} on ${plural(facts.rows, 'row')} in ${facts.seconds} s: ${folder}\n${whatNow(trained)}`,
    );
  } catch (error) {
    const { isFinal, LeaseLost, TrainingDied } = await import('@cortex/actor-trainer');
    if (isFinal(error) || error instanceof TrainingDied || error instanceof LeaseLost) throw new Failed(error.message);
    throw error;
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}

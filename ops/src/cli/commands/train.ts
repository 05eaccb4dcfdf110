// `cortex train [FAMILY]`: learns from the log (or a file) and puts the model where the running actors pick it up.
import { readFileSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Command } from 'commander';
import {
  draftFolder,
  type LocalFamily,
  type Placed,
  placeTrained,
  readOutcomeRows,
  readRoutingRows,
  readTasks,
  rowsOfTasks,
  type Trained,
  type TrainOptions,
  trainPredictorInto,
  trainRouterInto,
} from '../../train/index.js';
import { openEncoder } from '../encoder.js';
import { Failed, WrongInput } from '../failures.js';
import { type BusFlags, parseCount, withBusOptions, withExample, withJsonOption } from '../options.js';
import { note, plural, printJson, printText, progressBar } from '../output/index.js';
import { person, withMasters } from '../session.js';
import { addTrainJobs, trainByTrainer } from './train-jobs.js';

/** success, minutes, tokens and complexity are one predictor: they share its features, and are trained together. */
const FAMILIES = ['router', 'success', 'minutes', 'tokens', 'complexity'] as const;

interface Flags extends BusFlags {
  from?: string;
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
      'Trains a model on what the log holds (or on a file) and publishes it: it serves at once, or is tried out first where a deployer runs. Families: ' +
        `${FAMILIES.join(', ')}; the last four are one predictor and are trained together.`,
    )
    .argument('[family]', `one of ${FAMILIES.join(', ')}`, 'router')
    .option(
      '--from <file>',
      'rows instead of the log: {"text", "label"} for router, {"text", "master", "success"?, …} else',
    )
    .option('--seed <n>', 'the same seed and rows give the same model', parseCount, 1)
    .option('--neural', 'train the network into the ensemble too: minutes instead of seconds')
    .option('--no-promote', 'publish it, and let "cortex models promote" decide')
    .option('--watch', 'let the trainers on the bus do it, and follow it')
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
    'train success --from outcomes.jsonl.gz',
  );
  addTrainJobs(command);
  command.action(train);
}

async function train(family: string, flags: Flags): Promise<void> {
  if (!(FAMILIES as readonly string[]).includes(family))
    throw new WrongInput('family', `"${family}" is none; there are ${FAMILIES.join(', ')}`);
  if (flags.from !== undefined && !statSync(flags.from, { throwIfNoEntry: false })?.isFile())
    throw new WrongInput(`--from ${flags.from}`, 'there is no such file');
  if (flags.watch || flags.tune !== undefined) {
    if (flags.from !== undefined)
      throw new WrongInput('--from', 'trainers on the bus learn from the log: leave --watch and --tune out');
    if (flags.tune !== undefined && family !== 'router')
      throw new WrongInput('--tune', 'only the network of the router has hyper-parameters to search for');
    return trainByTrainer(family, flags);
  }
  const trained = await withMasters(flags, async (registry, bus) => {
    const isRouter = family === 'router';
    const collected = flags.from === undefined ? rowsOfTasks((await readTasks(bus)).tasks.values()) : undefined;
    for (const [why, n] of Object.entries(collected?.skipped ?? {}))
      note(`cortex: ${plural(n, 'task')} left out: ${why}`);
    const options = async (folder: string): Promise<TrainOptions> => ({
      folder,
      encoder: flags.encoder ? await openEncoder({ remember: true }) : undefined,
      seed: flags.seed,
      neural: flags.neural === true,
      onProgress: progressBar(),
    });
    if (isRouter) {
      const rows = collected?.routing ?? readRoutingRows(flags.from as string);
      const examples = registry.list().reduce((sum, m) => sum + m.examples.length, 0);
      if (rows.length + examples === 0)
        throw new Failed(
          'there is nothing to learn from: no outcome or correction in the log, no example in the registry',
        );
      return work('router', (o) => trainRouterInto(registry.list(), rows, o));
    }
    const rows = collected?.outcomes ?? readOutcomeRows(flags.from as string);
    return work('predictor', (o) =>
      trainPredictorInto(rows, o).catch(async (error) => {
        // Loaded here: every other command starts faster without the models.
        const { PredictionDataError } = await import('@cortex/models');
        throw error instanceof PredictionDataError ? new Failed(error.message) : error;
      }),
    );

    async function work(kind: LocalFamily, train: (options: TrainOptions) => Promise<Trained>) {
      const draft = await draftFolder(kind);
      try {
        const trained = await closing(await options(draft), train);
        const placed = await placeTrained(bus, kind, draft, {
          by: person(),
          data: { fingerprint: trained.fingerprint, rows: trained.rows },
          metrics: trained.metrics,
          seed: flags.seed,
          code: versionOfCortex(),
          hardware: `${process.platform} ${process.arch}`,
          promote: flags.promote,
        });
        return {
          ...trained,
          ...placed,
          alias: placed.name !== undefined && placed.waits === undefined ? 'champion' : null,
        };
      } finally {
        await rm(draft, { recursive: true, force: true });
      }
    }
  });
  if (flags.json) printJson(trained);
  else
    printText(
      `trained the ${trained.family} on ${plural(trained.rows, 'row')} in ${trained.seconds} s: ${trained.folder}\n${whatNow(trained)}`,
    );
}

function whatNow({ name, waits }: Placed): string {
  if (name === undefined) return 'running actors that look there check it and swap it in within seconds';
  if (waits === undefined) return `${name} is the champion: running actors check it and swap it in within seconds`;
  return `${name} does not serve yet (${waits}): "cortex models promote ${name}" lets it`;
}

function versionOfCortex(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return `cortex ${(JSON.parse(text) as { version: string }).version}`;
}

async function closing(options: TrainOptions, work: (options: TrainOptions) => Promise<Trained>): Promise<Trained> {
  try {
    return await work(options);
  } finally {
    await options.encoder?.close();
  }
}

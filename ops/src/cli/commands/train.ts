// `cortex train [FAMILY]`: learns from the log (or a file) and puts the model where the running actors pick it up.
import { statSync } from 'node:fs';
import type { Command } from 'commander';
import {
  modelFolders,
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
import { withMasters } from '../session.js';

/** success, minutes, tokens and complexity are one predictor: they share its features, and are trained together. */
const FAMILIES = ['router', 'success', 'minutes', 'tokens', 'complexity'] as const;

interface Flags extends BusFlags {
  from?: string;
  seed: number;
  encoder: boolean;
  neural?: boolean;
  json?: boolean;
}

export function addTrain(program: Command): void {
  const command = program
    .command('train')
    .summary('learn from outcomes and corrections')
    .description(
      'Trains a model on what the log holds (or on a file) and puts it where running actors look: they check it and swap it in. Families: ' +
        `${FAMILIES.join(', ')}; the last four are one predictor and are trained together.`,
    )
    .argument('[family]', `one of ${FAMILIES.join(', ')}`, 'router')
    .option(
      '--from <file>',
      'rows instead of the log: {"text", "label"} for router, {"text", "master", "success"?, …} else',
    )
    .option('--seed <n>', 'the same seed and rows give the same model', parseCount, 1)
    .option('--neural', 'train the network into the ensemble too: minutes instead of seconds')
    .option('--no-encoder', 'without the sentence encoder: words alone');
  withBusOptions(command);
  withJsonOption(command);
  withExample(command, 'train router', 'train router --neural', 'train success --from outcomes.jsonl.gz');
  command.action(train);
}

async function train(family: string, flags: Flags): Promise<void> {
  if (!(FAMILIES as readonly string[]).includes(family))
    throw new WrongInput('family', `"${family}" is none; there are ${FAMILIES.join(', ')}`);
  if (flags.from !== undefined && !statSync(flags.from, { throwIfNoEntry: false })?.isFile())
    throw new WrongInput(`--from ${flags.from}`, 'there is no such file');
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
      return closing(await options(modelFolders().router), (o) => trainRouterInto(registry.list(), rows, o));
    }
    const rows = collected?.outcomes ?? readOutcomeRows(flags.from as string);
    return closing(await options(modelFolders().predictor), (o) =>
      trainPredictorInto(rows, o).catch(async (error) => {
        // Loaded here: every other command starts faster without the models.
        const { PredictionDataError } = await import('@cortex/models');
        throw error instanceof PredictionDataError ? new Failed(error.message) : error;
      }),
    );
  });
  if (flags.json) printJson(trained);
  else
    printText(
      `trained the ${trained.family} on ${plural(trained.rows, 'row')} in ${trained.seconds} s: ${trained.folder}\nrunning actors that look there check it and swap it in within seconds`,
    );
}

async function closing(options: TrainOptions, work: (options: TrainOptions) => Promise<Trained>): Promise<Trained> {
  try {
    return await work(options);
  } finally {
    await options.encoder?.close();
  }
}

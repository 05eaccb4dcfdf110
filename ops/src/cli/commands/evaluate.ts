// `cortex evaluate KIND`: your data, the very code that the actors run. Needs no NATS.
import { readFile, stat } from 'node:fs/promises';
import type { Encoder } from '@cortex/models';
import { type Command, InvalidArgumentError } from 'commander';
import { folderOfModel } from '../../train/model-folder.js';
import { openEncoder } from '../encoder.js';
import { WrongInput } from '../failures.js';
import { type BusFlags, parseCount, withBusOptions, withExample, withJsonOption } from '../options.js';
import { figures } from '../output/figures.js';
import { colours, printJson, printText, progressBar, type ShowProgress } from '../output/index.js';
import { withBus } from '../session.js';

interface Flags extends BusFlags {
  train?: string;
  test: string;
  masters?: string;
  predictions?: string;
  model?: string;
  seed: number;
  encoder: boolean;
  neural?: boolean;
  json?: boolean;
}

type Evaluate = (flags: Flags, encoder: Encoder | undefined, progress: ShowProgress) => Promise<object>;

export function addEvaluate(program: Command): void {
  const evaluate = program
    .command('evaluate')
    .summary('score the code the actors run, on your own data')
    .description(
      'Trains on one file, answers the other, and only then looks at its labels. JSON lines, perhaps .gz. Needs no NATS.',
    );
  withExample(evaluate, 'evaluate routing --train train.jsonl --test test.jsonl --json');
  const kind = (name: string, description: string, example: string, run: Evaluate, trainNeeded: boolean): Command => {
    const command = evaluate.command(name).description(description);
    if (trainNeeded) command.requiredOption('--train <file>', 'rows to learn from');
    else command.option('--train <file>', 'rows to learn from (left out with --model)');
    command
      .requiredOption('--test <file>', 'rows to be scored on')
      .option('--predictions <file>', 'write one row per test row here')
      .option('--model <name>', 'score a saved model instead of training: a folder, or a version such as router@7')
      .option('--seed <n>', 'the same seed gives the same result', parseCount, 1)
      .option('--no-encoder', 'without the sentence encoder: words alone')
      .action((flags: Flags) => score(flags, run));
    withBusOptions(command);
    withJsonOption(command);
    withExample(command, example);
    return command;
  };
  kind(
    'routing',
    'Which master gets a task. Rows: {"text", "label"}; label null: no master fits.',
    'evaluate routing --train train.jsonl --test test.jsonl --predictions out.jsonl',
    routing,
    false,
  )
    .option('--masters <file>', 'JSON list of {"name", "description"}, for labels with few rows or none')
    .option(
      '--neural',
      'try the network as one more voice, as "cortex train router --neural" does; kept where held-out rows show that it helps: minutes more',
    );
  kind(
    'outcomes',
    'How tasks go. Rows: {"text", "master", "success"?, "minutes"?, "tokens"?, "complexity"?, "at"?, …}.',
    'evaluate outcomes --train train.jsonl --test test.jsonl --json',
    outcomes,
    false,
  );
  kind(
    'policy',
    'Which master to choose when success and cost differ. Rows: {"text", "scores": {"m1": 0|1}, "costs": {"m1": 0.1}}.',
    'evaluate policy --train train.jsonl --test test.jsonl --json',
    policy,
    true,
  );
  addAnomalies(evaluate);
  addRetrieval(evaluate);
  addLoad(evaluate);
}

interface AnomalyFlags {
  train?: string;
  test?: string;
  labels?: string;
  series?: string;
  scores?: string;
  alerts: number;
  seed: number;
  json?: boolean;
}

function addAnomalies(evaluate: Command): void {
  const command = evaluate
    .command('anomalies')
    .description(
      'Which steps of a series are unusual. CSV: `at` and one or more gauges (empty: missing); labels `at,label`.',
    )
    .option('--train <file>', 'steps to learn from')
    .option('--test <file>', 'steps to be scored')
    .option('--labels <file>', 'labels of the test steps, opened after scoring')
    .option('--series <folder>', 'instead: NAME.train.csv, NAME.test.csv, NAME.labels.csv each')
    .option('--scores <file>', 'write the score of every test step here')
    .option('--alerts <n>', 'alerting steps of 1,000 like those of training', parseNumberAbove0, 5)
    .option('--seed <n>', 'of the random baseline beside', parseCount, 1)
    .action(async ({ json, alerts, ...flags }: AnomalyFlags) => {
      const { runEvaluateAnomalies } = await import('@cortex/models');
      if (flags.series === undefined)
        for (const option of ['train', 'test', 'labels'] as const)
          if (flags[option] === undefined)
            throw new WrongInput(`--${option}`, 'is missing: give --train, --test and --labels, or --series FOLDER');
      await answer(json, (progress) =>
        runEvaluateAnomalies({
          ...flags,
          alertsPer1000: alerts,
          onProgress: ({ stage, share }) => progress(stage, share),
        }),
      );
    });
  withJsonOption(command);
  withExample(command, 'evaluate anomalies --series folder --scores scores.csv --json');
}

interface RetrievalFlags {
  corpus: string;
  queries: string;
  qrels: string;
  predictions?: string;
  seed: number;
  encoder: boolean;
  json?: boolean;
}

function addRetrieval(evaluate: Command): void {
  const command = evaluate
    .command('retrieval')
    .description(
      'How well search finds. BEIR\'s form: corpus {"_id", "title"?, "text"}, queries {"_id", "text"}, judgements tab-separated.',
    )
    .requiredOption('--corpus <file>', 'documents; the one with the id of the query is left out')
    .requiredOption('--queries <file>', 'questions')
    .requiredOption('--qrels <file>', 'lines query-id, corpus-id, score')
    .option('--predictions <file>', 'write one row per query here, best document first')
    .option('--seed <n>', 'the same seed gives the same result', parseCount, 1)
    .option('--no-encoder', 'without the sentence encoder: BM25 alone')
    .action(async ({ json, encoder: wanted, ...flags }: RetrievalFlags) => {
      await mustBeFiles(flags, ['corpus', 'queries', 'qrels']);
      const { runEvaluateRetrieval } = await import('@cortex/models');
      const encoder = wanted ? await openEncoder({ remember: false }) : undefined;
      try {
        await answer(json, (progress) =>
          runEvaluateRetrieval({ ...flags, encoder, onProgress: ({ stage, share }) => progress(stage, share) }),
        );
      } finally {
        await encoder?.close();
      }
    });
  withJsonOption(command);
  withExample(command, 'evaluate retrieval --corpus corpus.jsonl --queries queries.jsonl --qrels qrels.tsv --json');
}

function addLoad(evaluate: Command): void {
  const command = evaluate
    .command('load')
    .description('How arrivals are forecast, and the capacity to ask for. CSV: one arrival a row, column `at`.')
    .requiredOption('--series <file>', 'arrivals; the first half is learned from, the second scored')
    .option('--bin <seconds>', 'arrivals are counted per so many seconds', parseNumberAbove0, 10)
    .option('--horizon <n>', 'one to so many bins ahead', parseCount, 1)
    .option('--quantile <q>', 'share of bins that the capacity is to cover', parseNumberAbove0, 0.9)
    .action(
      async ({
        json,
        ...flags
      }: {
        json?: boolean;
        series: string;
        bin: number;
        horizon: number;
        quantile: number;
      }) => {
        const { runEvaluateLoad } = await import('@cortex/models');
        await answer(json, (progress) =>
          runEvaluateLoad({ ...flags, onProgress: ({ stage, share, done }) => progress(stage, share, done) }),
        );
      },
    );
  withJsonOption(command);
  withExample(command, 'evaluate load --series arrivals.csv --bin 10 --horizon 6 --json');
}

function parseNumberAbove0(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < Number.POSITIVE_INFINITY)) throw new InvalidArgumentError('Not a number above 0.');
  return value;
}

/** Prints what the work comes to. Its progress is a bar that is gone before anything is printed. */
async function answer(json: boolean | undefined, run: (progress: ShowProgress) => Promise<object>): Promise<void> {
  const bar = progressBar();
  let last: string | undefined;
  const progress: ShowProgress = (stage, share, done) => {
    last = stage;
    bar(stage, share, done);
  };
  try {
    const document = await run(progress).finally(() => {
      if (last !== undefined) bar(last, 1);
    });
    if (json) printJson(document);
    else printText(figures(document as Record<string, unknown>, colours()));
  } catch (error) {
    throw await refusal(error);
  }
}

const routing: Evaluate = async (flags, encoder, progress) => {
  const { neuralMaker, runEvaluateRouting } = await import('@cortex/models');
  const { describedBy } = await import('@cortex/actor-trainer');
  if (!flags.train && !flags.masters && !flags.model)
    throw new WrongInput(
      '--train',
      'is missing: give --train FILE, or --masters FILE for zero-shot, or --model FOLDER',
    );
  return runEvaluateRouting({
    test: flags.test,
    seed: flags.seed,
    ...given(flags, 'train', 'masters', 'predictions', 'model'),
    ...(encoder ? { encoder } : {}),
    ...(encoder && flags.neural
      ? { experts: [neuralMaker({ describe: describedBy(await mastersOf(flags), encoder) })] }
      : {}),
    onProgress: ({ stage, done }) => progress(stage, done),
  });
};

/** What `--masters` says of them; the evaluation itself checks the file and names what is wrong with it. */
async function mastersOf(flags: Flags): Promise<{ name: string; description?: string }[]> {
  if (flags.masters === undefined) return [];
  const listed: unknown = JSON.parse(await readFile(flags.masters, 'utf8').catch(() => '[]'));
  return Array.isArray(listed)
    ? listed.filter((m): m is { name: string; description?: string } => typeof m?.name === 'string')
    : [];
}

const outcomes: Evaluate = async (flags, encoder, progress) => {
  const { runEvaluateOutcomes } = await import('@cortex/models');
  if (!flags.train && !flags.model) throw new WrongInput('--train', 'is missing: give --train FILE, or --model NAME@V');
  return runEvaluateOutcomes({
    train: flags.train,
    test: flags.test,
    seed: flags.seed,
    ...given(flags, 'predictions', 'model'),
    encoder,
    onProgress: ({ stage, share }) => progress(stage, share),
  });
};

const policy: Evaluate = async (flags, encoder, progress) => {
  const { runEvaluatePolicy } = await import('@cortex/models');
  return runEvaluatePolicy({
    train: flags.train ?? '',
    test: flags.test,
    seed: flags.seed,
    ...given(flags, 'predictions', 'model'),
    encoder,
    onProgress: ({ stage, share }) => progress(stage, share),
  });
};

type Named = 'train' | 'masters' | 'predictions' | 'model';

/** Those of the named flags that were given. */
function given(flags: Flags, ...names: Named[]): { [name in Named]?: string } {
  const some: { [name in Named]?: string } = {};
  for (const name of names) if (flags[name] !== undefined) some[name] = flags[name];
  return some;
}

async function score(flags: Flags, run: Evaluate): Promise<void> {
  await mustBeFiles(flags, ['train', 'test', 'masters']);
  const model = flags.model === undefined ? undefined : await modelFolder(flags.model, flags);
  const encoder = flags.encoder ? await openEncoder({ remember: false }) : undefined;
  try {
    await answer(flags.json, (progress) =>
      run({ ...flags, ...(model === undefined ? {} : { model }) }, encoder, progress),
    );
  } finally {
    await encoder?.close();
  }
}

/** A folder, or a version of the registry. */
async function modelFolder(model: string, flags: Flags): Promise<string> {
  const { NoModelKeys, TerminalError } = await import('@cortex/bus');
  const folder = await folderOfModel(model, (work) => withBus(flags, work)).catch((error: unknown) => {
    // Unknown, changed, or signed by a stranger: the name on the command line is what has to change.
    throw error instanceof TerminalError && !(error instanceof NoModelKeys)
      ? new WrongInput(`--model ${model}`, error.message)
      : error;
  });
  if (folder === undefined)
    throw new WrongInput(`--model ${model}`, 'there is no such folder, and it is no version such as router@7');
  return folder;
}

/** Before the encoder is looked for: a wrong name is said at once. */
async function mustBeFiles<Name extends string>(
  flags: { [name in Name]?: string },
  names: readonly Name[],
): Promise<void> {
  for (const option of names) {
    const file = flags[option];
    if (file !== undefined && !(await stat(file).catch(() => undefined))?.isFile())
      throw new WrongInput(`--${option} ${file}`, 'there is no such file');
  }
}

/** What names file, line and field already becomes exit code 2; a model that must not be served too. */
async function refusal(error: unknown): Promise<unknown> {
  const { EvaluateInputError, EvaluationInputError, PredictorFileError, RouterLoadError } = await import(
    '@cortex/models'
  );
  if (error instanceof EvaluateInputError || error instanceof EvaluationInputError)
    return new WrongInput(error.file, error.message.slice(error.file.length).replace(/^[,:]\s*/, ''));
  if (error instanceof RouterLoadError || error instanceof PredictorFileError)
    return new WrongInput('--model', error.message);
  return error;
}

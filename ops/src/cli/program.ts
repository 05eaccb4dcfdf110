// All commands, each from a file of its own, loaded when it is asked for: no command waits for what others need. Commander's complaints become
// one line that names the argument.
import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';

const version = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
).version;

const BEFORE_COMMAND = ['--nats <url>', '--creds <file>', '--json'];
const TAKES_VALUE = new Set(BEFORE_COMMAND.filter((flags) => flags.includes('<')).map((flags) => flags.split(' ')[0]));

/** In the order of the help. */
const COMMANDS = {
  up: async () => (await import('./commands/up.js')).addUp,
  actor: async () => (await import('./commands/actor.js')).addActor,
  submit: async () => (await import('./commands/submit.js')).addSubmit,
  cancel: async () => (await import('./commands/cancel.js')).addCancel,
  watch: async () => (await import('./commands/watch.js')).addWatch,
  task: async () => (await import('./commands/task.js')).addTask,
  explain: async () => (await import('./commands/explain.js')).addExplain,
  masters: async () => (await import('./commands/masters.js')).addMasters,
  worker: async () => (await import('./commands/worker.js')).addWorker,
  outcome: async () => (await import('./commands/outcome.js')).addOutcome,
  correct: async () => (await import('./commands/correct.js')).addCorrect,
  review: async () => (await import('./commands/review.js')).addReview,
  alerts: async () => (await import('./commands/alerts.js')).addAlerts,
  actions: async () => (await import('./commands/actions.js')).addActions,
  dead: async () => (await import('./commands/dead.js')).addDead,
  import: async () => (await import('./commands/import.js')).addImport,
  export: async () => (await import('./commands/export.js')).addExport,
  index: async () => (await import('./commands/index-files.js')).addIndex,
  search: async () => (await import('./commands/search.js')).addSearch,
  ask: async () => (await import('./commands/ask.js')).addAsk,
  train: async () => (await import('./commands/train.js')).addTrain,
  models: async () => (await import('./commands/models.js')).addModels,
  prompts: async () => (await import('./commands/prompts.js')).addPrompts,
  memory: async () => (await import('./commands/memory.js')).addMemory,
  evaluate: async () => (await import('./commands/evaluate.js')).addEvaluate,
  bench: async () => (await import('./commands/bench.js')).addBench,
  dashboard: async () => (await import('./commands/dashboard.js')).addDashboard,
  keys: async () => (await import('./commands/keys.js')).addKeys,
  doctor: async () => (await import('./commands/doctor.js')).addDoctor,
  completion: async () => (await import('./commands/completion.js')).addCompletion,
} satisfies Record<string, () => Promise<(program: Command) => void>>;

type Name = keyof typeof COMMANDS;
const NAMES = Object.keys(COMMANDS) as Name[];

/** The commands that a command line needs loaded, and those of which a name is enough: to tell which one was meant. */
function neededBy(argv: readonly string[]): { readonly load: readonly Name[]; readonly name: readonly Name[] } {
  const at = argv.findIndex((arg, i) => !arg.startsWith('-') && !TAKES_VALUE.has(argv[i - 1] ?? ''));
  const has = (args: readonly string[], ...options: string[]) =>
    args.some((arg, i) => options.includes(arg) && !TAKES_VALUE.has(args[i - 1] ?? ''));
  const before = at < 0 ? argv : argv.slice(0, at);
  const word = argv[at];
  if (has(before, '--version', '-V')) return { load: [], name: [] };
  if (word === undefined || word === 'completion' || has(before, '--help', '-h')) return { load: NAMES, name: [] };
  if (Object.hasOwn(COMMANDS, word)) return { load: [word as Name], name: [] };
  return has(argv, '--help', '-h') ? { load: NAMES, name: [] } : { load: [], name: NAMES };
}

/** With all commands, or with no more than `argv` needs. */
export async function buildProgram(argv: readonly string[] = []): Promise<Command> {
  const needed = neededBy(argv);
  const program = new Command('cortex');
  program
    .description('Routes tasks to the right owner over NATS, learns from every outcome, and loses nothing.')
    .version(version)
    .exitOverride()
    .configureOutput({
      // One line, in the form of all others.
      outputError: (text, write) => write(text.replace(/^error: /, 'cortex: ').replace(/\n\(/, ' (')),
    })
    .helpCommand(false)
    .addHelpText(
      'after',
      `
Start here:
  $ cortex up                                                  in one terminal
  $ cortex submit "Scan the payments repo for CVE-2026-1234" --wait   in another

Environment: NATS_URL, NATS_CREDS, CORTEX_PREFIX, CORTEX_HOME, OTEL_EXPORTER_OTLP_ENDPOINT
Exit codes: 0 done, 1 failed, 2 wrong command line or input, 3 something it needs is not reachable`,
    );
  for (const name of needed.load) (await COMMANDS[name]())(program);
  for (const name of needed.name) program.command(name);
  return takeOptionsBeforeCommand(program);
}

/** `cortex --nats URL task t-1` means `cortex task t-1 --nats URL`, as with most tools; the command's help is where they stand. */
function takeOptionsBeforeCommand(program: Command): Command {
  program.enablePositionalOptions();
  for (const flags of BEFORE_COMMAND) program.addOption(new Option(flags).hideHelp());
  return program.hook('preAction', (_, command) => {
    for (const [name, value] of Object.entries(program.opts())) {
      if (!command.options.some((option) => option.attributeName() === name))
        program.error(`error: unknown option '--${name}'`);
      if (command.getOptionValue(name) === undefined) command.setOptionValueWithSource(name, value, 'cli');
    }
  });
}

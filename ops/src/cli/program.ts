// All commands, each from a file of its own. Commander's complaints become one line that names the argument.
import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { addActions } from './commands/actions.js';
import { addActor } from './commands/actor.js';
import { addAlerts } from './commands/alerts.js';
import { addAsk } from './commands/ask.js';
import { addBench } from './commands/bench.js';
import { addCancel } from './commands/cancel.js';
import { addCompletion } from './commands/completion.js';
import { addCorrect } from './commands/correct.js';
import { addDashboard } from './commands/dashboard.js';
import { addDead } from './commands/dead.js';
import { addDoctor } from './commands/doctor.js';
import { addEvaluate } from './commands/evaluate.js';
import { addExplain } from './commands/explain.js';
import { addExport } from './commands/export.js';
import { addImport } from './commands/import.js';
import { addIndex } from './commands/index-files.js';
import { addKeys } from './commands/keys.js';
import { addMasters } from './commands/masters.js';
import { addMemory } from './commands/memory.js';
import { addModels } from './commands/models.js';
import { addOutcome } from './commands/outcome.js';
import { addPrompts } from './commands/prompts.js';
import { addReview } from './commands/review.js';
import { addSearch } from './commands/search.js';
import { addSubmit } from './commands/submit.js';
import { addTask } from './commands/task.js';
import { addTrain } from './commands/train.js';
import { addUp } from './commands/up.js';
import { addWatch } from './commands/watch.js';
import { addWorker } from './commands/worker.js';

const version = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
).version;

export function buildProgram(): Command {
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
  for (const add of [
    addUp,
    addActor,
    addSubmit,
    addCancel,
    addWatch,
    addTask,
    addExplain,
    addMasters,
    addWorker,
    addOutcome,
    addCorrect,
    addReview,
    addAlerts,
    addActions,
    addDead,
    addImport,
    addExport,
    addIndex,
    addSearch,
    addAsk,
    addTrain,
    addModels,
    addPrompts,
    addMemory,
    addEvaluate,
    addBench,
    addDashboard,
    addKeys,
    addDoctor,
    addCompletion,
  ]) {
    add(program);
  }
  return takeOptionsBeforeCommand(program);
}

/** `cortex --nats URL task t-1` means `cortex task t-1 --nats URL`, as with most tools; the command's help is where they stand. */
function takeOptionsBeforeCommand(program: Command): Command {
  program.enablePositionalOptions();
  for (const flags of ['--nats <url>', '--creds <file>', '--json']) program.addOption(new Option(flags).hideHelp());
  return program.hook('preAction', (_, command) => {
    for (const [name, value] of Object.entries(program.opts())) {
      if (!command.options.some((option) => option.attributeName() === name))
        program.error(`error: unknown option '--${name}'`);
      if (command.getOptionValue(name) === undefined) command.setOptionValueWithSource(name, value, 'cli');
    }
  });
}

// `cortex worker`: a command does the tasks of a master.

import { CommandNotFound, type RunningWorker, runLlmWorker, runWorker } from '@cortex/actor-worker';
import { checkMessage, InvalidMessage, masterSchema, telemetrySchema } from '@cortex/schemas';
import type { Command } from 'commander';
import { beatTo } from '../../up/index.js';
import { openEncoder } from '../encoder.js';
import { WrongInput } from '../failures.js';
import { actorLogger } from '../log.js';
import {
  type BusFlags,
  busAddress,
  collect,
  parseCount,
  parseDuration,
  withBusOptions,
  withExample,
  withJsonOption,
} from '../options.js';
import { note } from '../output/index.js';
import { watched } from '../watched.js';
import { addLlmOptions, type LlmFlags, llmSettings, notForExec } from './worker-llm.js';

interface Flags extends BusFlags, LlmFlags {
  master: string;
  exec?: string;
  llm?: boolean;
  concurrency?: number;
  timeLimit?: number;
  name?: string;
  capability?: string[];
  json?: boolean;
}

export function addWorker(program: Command): void {
  const command = program
    .command('worker')
    .summary("does a master's tasks with a command of yours, or with a language model")
    .description(
      "Does a master's tasks, most urgent first. With --exec CMD runs in a shell for each: the task and its decision arrive on its\nstandard input as JSON, exit code 0 is success. With --llm a language model plans, looks up, acts and checks itself within a\ntoken budget. Ctrl-C or SIGTERM finishes what is under way; what does not finish goes to another worker.",
    )
    .requiredOption('--master <name>', 'whose tasks')
    .option('--exec <cmd>', 'the command that does a task')
    .option('--llm', 'the built-in worker: any OpenAI-compatible server by OPENAI_BASE_URL, OPENAI_API_KEY')
    .option('--concurrency <n>', 'tasks at once (default: 1)', parseCount)
    .option(
      '--time-limit <time>',
      'longest a task may take, in minutes, or such as 90s (default: 60)',
      minutesOrDuration,
    )
    .option('--name <name>', 'its name in outcomes and telemetry (default: host, process and a random part)')
    .option('--capability <words>', 'something it can do, said with its heartbeat; may be repeated', collect);
  addLlmOptions(command);
  withBusOptions(command);
  withJsonOption(command, 'log lines as JSON, whatever standard error is');
  withExample(
    command,
    "worker --master security --exec 'cat'",
    `worker --master cicd --concurrency 4 --time-limit 10 --exec './run-pipeline.sh'`,
    'worker --master development --llm --model MODEL --repository .',
  );
  command.action(worker);
}

function minutesOrDuration(value: string): number {
  return parseDuration(/^\d+(\.\d+)?$/.test(value.trim()) ? `${value.trim()}m` : value);
}

async function worker(flags: Flags): Promise<void> {
  checked('--master', () => checkMessage('master', masterSchema.shape.name, flags.master));
  if ((flags.exec === undefined) === !flags.llm)
    throw new WrongInput('--exec', 'give either --exec CMD, or --llm for the built-in worker');
  if (!flags.llm) notForExec(flags);
  if (flags.exec?.trim() === '') throw new WrongInput('--exec', 'is empty: it is the command that does a task');
  if (flags.name !== undefined)
    checked('--name', () => checkMessage('worker', telemetrySchema.shape.worker, flags.name));
  checked('--capability', () => checkMessage('capabilities', telemetrySchema.shape.capabilities, flags.capability));
  const address = busAddress(flags);
  const settings = flags.llm ? await llmSettings(flags) : undefined;
  // What was learned is found by meaning where there is an encoder, else by words.
  const encoder = settings && (await openEncoder({ remember: true }));
  const llm = settings && { ...settings, ...(encoder ? { encoder } : {}) };
  const log = flags.json ? actorLogger('worker', flags.name ?? 'worker', true) : actorLogger('worker');
  let running: RunningWorker | undefined;
  const seen = await watched({ service: 'cortex-worker', actor: 'worker' });
  const beat = beatTo(
    process,
    () => ({
      state: running?.state() ?? 'starting',
      ...(running?.detail() ? { detail: running.detail() ?? '' } : {}),
      ...(seen.monitor ? { monitor: seen.monitor.address } : {}),
    }),
    () => void (running ? running.stop() : process.exit(1)),
  );
  // Until it runs, a signal ends it at once: there is nothing to finish.
  const quit = () => process.exit(0);
  process.on('SIGINT', quit).on('SIGTERM', quit);
  try {
    const common = {
      master: flags.master,
      servers: address.servers,
      prefix: address.prefix,
      log,
      signals: true,
      telemetry: false,
      onBus: seen.attach,
      ...(address.creds === undefined ? {} : { creds: address.creds }),
      ...(flags.concurrency === undefined ? {} : { concurrency: flags.concurrency }),
      ...(flags.timeLimit === undefined ? {} : { timeLimitMs: flags.timeLimit }),
      ...(flags.name === undefined ? {} : { name: flags.name }),
      ...(flags.capability === undefined ? {} : { capabilities: flags.capability }),
    };
    running = llm
      ? await runLlmWorker({ ...common, llm })
      : await runWorker({ ...common, exec: { command: flags.exec ?? '' } });
  } catch (error) {
    await seen.stop();
    if (error instanceof CommandNotFound) throw new WrongInput('--exec', error.message);
    if (error instanceof RangeError) throw new WrongInput(llm ? '--llm' : '--time-limit', error.message);
    throw error;
  } finally {
    process.off('SIGINT', quit).off('SIGTERM', quit);
  }
  beat.now();
  if (process.stderr.isTTY)
    note(
      `cortex: ${running.name} does the tasks of ${running.master} on ${address.servers} with: ${llm ? `${llm.model} at ${llm.baseUrl ?? 'OpenAI'}` : flags.exec}  (Ctrl-C finishes and stops)`,
    );
  await running.finished;
  await encoder?.close();
  beat.stop();
  await seen.stop();
}

function checked(where: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (error instanceof InvalidMessage) throw new WrongInput(where, error.problem);
    throw error;
  }
}

// Options of `worker --llm`, and a look at the server before the first task: a wrong address or model is said at once.
import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type LlmSettings, resolveLlm } from '@cortex/actor-worker';
import type { Command } from 'commander';
import { Unreachable, WrongInput } from '../failures.js';
import { collect, parseAmount, parseCount } from '../options.js';

export interface LlmFlags {
  model?: string;
  repository?: string;
  allowEdit?: string[];
  allowCommand?: string[];
  contextTokens?: number;
  reflections?: number;
  taskTokens?: number;
  masterTokens?: number;
  dayTokens?: number;
  priceInput?: number;
  priceOutput?: number;
  cache?: boolean;
}

const LLM_ONLY = [
  ['model', '--model'],
  ['repository', '--repository'],
  ['allowEdit', '--allow-edit'],
  ['allowCommand', '--allow-command'],
  ['contextTokens', '--context-tokens'],
  ['reflections', '--reflections'],
  ['taskTokens', '--task-tokens'],
  ['masterTokens', '--master-tokens'],
  ['dayTokens', '--day-tokens'],
  ['priceInput', '--price-input'],
  ['priceOutput', '--price-output'],
] as const;

export function addLlmOptions(command: Command): void {
  command
    .option('--model <name>', 'with --llm: the model (default: CORTEX_LLM_MODEL, else the only one the server has)')
    .option('--repository <dir>', 'with --llm: a git repository its tools may search and read')
    .option('--allow-edit <glob>', 'with --llm: files it may change, in a temporary worktree; repeat for more', collect)
    .option('--allow-command <cmd>', 'with --llm: a command it may run there, exactly so; repeat for more', collect)
    .option('--context-tokens <n>', 'with --llm: tokens of retrieved context (default: 4000)', parseCount)
    .option('--reflections <n>', 'with --llm: most times an answer is tried again (default: 2)', parseAmount)
    .option('--task-tokens <n>', 'with --llm: most tokens of a task (default: 60000)', parseCount)
    .option('--master-tokens <n>', 'with --llm: most tokens of the master in a day (default: 5000000)', parseCount)
    .option('--day-tokens <n>', 'with --llm: most tokens of all workers in a day (default: 20000000)', parseCount)
    .option('--price-input <usd>', 'with --llm: dollars for a million tokens of input (default: 0)', parseAmount)
    .option('--price-output <usd>', 'with --llm: dollars for a million tokens of output (default: 0)', parseAmount)
    .option('--no-cache', 'with --llm: never use the answer to an identical task again');
}

/** Throws {@link WrongInput} for options that only mean something with --llm. */
export function notForExec(flags: LlmFlags): void {
  for (const [field, option] of LLM_ONLY)
    if (flags[field] !== undefined) throw new WrongInput(option, 'means something with --llm only');
}

/** Settings from flags and environment. Throws {@link WrongInput}, or {@link Unreachable} when the server does not answer. */
export async function llmSettings(flags: LlmFlags, env: NodeJS.ProcessEnv = process.env): Promise<LlmSettings> {
  const baseUrl = env.OPENAI_BASE_URL?.replace(/\/+$/, '') || undefined;
  const apiKey = env.OPENAI_API_KEY || undefined;
  if (baseUrl === undefined && apiKey === undefined)
    throw new Unreachable(
      'there is no language model: set OPENAI_BASE_URL to any OpenAI-compatible server, such as http://127.0.0.1:8000/v1, or OPENAI_API_KEY',
    );
  if (baseUrl !== undefined && !/^https?:\/\/[^\s]+$/.test(baseUrl))
    throw new WrongInput('OPENAI_BASE_URL', `"${baseUrl}" is not an address such as http://127.0.0.1:8000/v1`);
  const repository = flags.repository === undefined ? undefined : checkedRepository(flags.repository);
  const model = await chooseModel(flags.model ?? (env.CORTEX_LLM_MODEL || undefined), baseUrl, apiKey);
  const settings: LlmSettings = {
    model,
    ...(baseUrl === undefined ? {} : { baseUrl }),
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(repository === undefined ? {} : { repository }),
    ...(flags.allowEdit === undefined ? {} : { allowEdits: flags.allowEdit }),
    ...(flags.allowCommand === undefined ? {} : { allowCommands: flags.allowCommand }),
    ...(flags.contextTokens === undefined ? {} : { contextTokens: flags.contextTokens }),
    ...(flags.reflections === undefined ? {} : { reflections: flags.reflections }),
    ...(flags.cache === false ? { cache: false } : {}),
    budget: {
      ...(flags.taskTokens === undefined ? {} : { task: flags.taskTokens }),
      ...(flags.masterTokens === undefined ? {} : { master: flags.masterTokens }),
      ...(flags.dayTokens === undefined ? {} : { day: flags.dayTokens }),
    },
    price: { input: flags.priceInput ?? 0, output: flags.priceOutput ?? 0 },
  };
  try {
    resolveLlm(settings);
  } catch (error) {
    if (error instanceof RangeError) throw new WrongInput('--llm', error.message);
    throw error;
  }
  return settings;
}

function checkedRepository(folder: string): string {
  const root = resolve(folder);
  if (!existsSync(root) || !statSync(root).isDirectory())
    throw new WrongInput('--repository', `there is no folder ${folder}`);
  if (!existsSync(join(root, '.git')))
    throw new WrongInput('--repository', `${folder} is not the root of a git repository`);
  return root;
}

/** The server's list of models says whether it is there, and which model when none was named. */
async function chooseModel(
  wanted: string | undefined,
  baseUrl: string | undefined,
  apiKey: string | undefined,
): Promise<string> {
  if (baseUrl === undefined) {
    if (wanted === undefined) throw new WrongInput('--model', 'name the model, or set CORTEX_LLM_MODEL');
    return wanted;
  }
  let models: string[] | undefined;
  try {
    const response = await fetch(`${baseUrl}/models`, {
      headers: apiKey ? { authorization: `Bearer ${apiKey}` } : {},
      signal: AbortSignal.timeout(5_000),
    });
    if (response.status === 401 || response.status === 403)
      throw new Unreachable(`the language model's server at ${baseUrl} refuses the key in OPENAI_API_KEY`);
    if (response.ok) {
      const body = (await response.json().catch(() => undefined)) as { data?: { id?: unknown }[] } | undefined;
      models = body?.data?.map(({ id }) => String(id));
    }
  } catch (error) {
    if (error instanceof Unreachable) throw error;
    throw new Unreachable(`no language model's server answers at ${baseUrl} (OPENAI_BASE_URL)`);
  }
  if (wanted !== undefined) return wanted;
  const only = models?.length === 1 ? models[0] : undefined;
  if (only !== undefined) return only;
  throw new WrongInput(
    '--model',
    models?.length ? `name one of ${models.slice(0, 10).join(', ')}` : 'name the model, or set CORTEX_LLM_MODEL',
  );
}

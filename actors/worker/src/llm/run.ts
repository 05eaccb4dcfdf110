// An LLM worker as a process has it: the worker of worker.ts with a model, prompts, memory and context around its handler.
import {
  type Bus,
  connectBus,
  jsonLogger,
  NotProvisioned,
  openMemory,
  openPrompts,
  type PromptRegistry,
  startTelemetry,
} from '@cortex/bus';
import { DEFAULT_PROMPTS } from '@cortex/models';
import { canonicalMaster } from '@cortex/schemas';
import type { WorkerSettings } from '../settings.js';
import { type ConnectionOptions, type RunningWorker, worker } from '../worker.js';
import { makeBorder } from './border.js';
import { type ContextSource, librarianContext } from './context.js';
import { llmHandler } from './handler.js';
import { openModel } from './model.js';
import { type KeeperSettings, type PromptKeeper, startPromptKeeper } from './prompt-keeper.js';
import { type LlmSettings, resolveLlm } from './settings.js';
import { openRepository } from './tools/repository.js';

export interface RunLlmOptions extends Omit<WorkerSettings, 'handle'>, ConnectionOptions {
  readonly llm: LlmSettings;
  /** Where context comes from. Default: the librarian. */
  readonly context?: ContextSource;
  /** Counting outcomes of prompts, judging and proposing candidates. */
  readonly keeper?: KeeperSettings;
}

/** Notes of tasks, kept answers and spent days that nobody touched for so long are removed. */
const SWEEP_AFTER_MS = 2 * 86_400_000;
const SWEEP_EVERY_MS = 3_600_000;

/** Throws a RangeError for a bad setting, NotProvisioned without its buckets, and what `worker` throws. */
export async function runLlm(options: RunLlmOptions): Promise<RunningWorker> {
  const settings = resolveLlm(options.llm);
  const master = canonicalMaster(options.master);
  const own = options.bus === undefined;
  const telemetry = (options.telemetry ?? own) ? await startTelemetry({ service: 'cortex-worker' }) : undefined;
  const log = options.log ?? jsonLogger('worker', options.name ?? master);
  const bus =
    options.bus ??
    (await connectBus({
      name: 'worker',
      waitMs: options.waitMs ?? 0,
      ...(options.servers ? { servers: options.servers } : {}),
      ...(options.creds ? { creds: options.creds } : {}),
      ...(options.prefix ? { prefix: options.prefix } : {}),
    }));
  let source: ContextSource | undefined;
  let keeper: PromptKeeper | undefined;
  let sweeping: NodeJS.Timeout | undefined;
  const release = async () => {
    clearInterval(sweeping);
    await keeper?.stop();
    source?.close();
    if (own) await bus.close();
    await telemetry?.shutdown();
  };
  try {
    const { prompts, memory } = await openStores(bus, options.waitMs ?? 0, (missing) =>
      log.warn('waiting until Cortex is up', { missing }),
    );
    source = options.context ?? librarianContext(bus);
    const border = makeBorder([settings.apiKey, ...settings.secrets], master);
    const handle = llmHandler({
      bus,
      settings,
      border,
      prompts,
      memory,
      source,
      model: openModel(settings, master, border),
      repository: settings.repository === undefined ? undefined : openRepository(settings.repository),
    });
    const sweep = () =>
      void memory
        .sweep(SWEEP_AFTER_MS)
        .catch((error: Error) => log.warn('old notes could not be swept', { error: error.message }));
    sweep();
    sweeping = setInterval(sweep, SWEEP_EVERY_MS);
    keeper = await startPromptKeeper(bus, prompts, log, options.keeper);
    const { llm: _llm, context: _context, keeper: _keeper, ...rest } = options;
    const running = await worker({ ...rest, bus, log, handle, telemetry: false, signals: options.signals ?? own });
    const finished = running.finished.then(release);
    return {
      ...running,
      finished,
      async stop(limitMs) {
        await running.stop(limitMs);
        await finished;
      },
    };
  } catch (error) {
    await release();
    throw error;
  }
}

/** The buckets are made when Cortex comes up, which may be after its workers: start order does not matter. */
async function openStores(bus: Bus, waitMs: number, onMissing: (what: string) => void) {
  const until = waitMs === 0 ? Number.POSITIVE_INFINITY : Date.now() + waitMs;
  for (let round = 1; ; round++) {
    try {
      const prompts = await openPrompts(bus);
      await seedPrompts(prompts);
      return { prompts, memory: await openMemory(bus) };
    } catch (error) {
      if (!(error instanceof NotProvisioned) || Date.now() >= until) throw error;
      if (round === 1) onMissing(error.what);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
  }
}

/** Prompts Cortex comes with, where the registry has none of that name. */
export async function seedPrompts(prompts: PromptRegistry): Promise<void> {
  for (const prompt of DEFAULT_PROMPTS) if (!(await prompts.head(prompt.name))) await prompts.add(prompt, 'cortex');
}

// Keeps the prompts honest while workers run: counts outcomes, promotes a candidate that is proven better, takes one back that is proven worse,
// and proposes a candidate where outcomes give a reason. Any number of workers may do it at once: labels move by compare-and-set.
import {
  type Bus,
  countPromptOutcomes,
  type Logger,
  openSettings,
  PromptMoved,
  type PromptRegistry,
  publishAction,
  taskLog,
} from '@cortex/bus';
import { judgementOf, type PromptHistory, proposePrompt } from '@cortex/models';
import type { Action, PromptHead, PromptTrial } from '@cortex/schemas';

export interface PromptKeeper {
  /** One look at everything. */
  look(): Promise<void>;
  stop(): Promise<void>;
}

export interface KeeperSettings {
  /** Milliseconds between two looks. Default 30,000. */
  readonly everyMs?: number;
  /** Propose candidates from outcomes. Default true; live setting `prompts.propose`. */
  readonly propose?: boolean;
  /** Share of tasks a proposed candidate gets. Default 0.2; live setting `prompts.share`. */
  readonly share?: number;
  /** Outcomes of a version before something is proposed. Default 30; live setting `prompts.least`. */
  readonly least?: number;
}

const BY = 'cortex';
const MOST_READ = 60;

export async function startPromptKeeper(
  bus: Bus,
  prompts: PromptRegistry,
  log: Logger,
  settings: KeeperSettings = {},
): Promise<PromptKeeper> {
  const live = await openSettings(bus);
  const setting = <T>(key: string, fallback: T): T => {
    const value = live.get(key);
    return typeof value === typeof fallback ? (value as T) : fallback;
  };
  let running: Promise<void> | undefined;
  let stopped = false;
  const work = async () => {
    const trials = await countPromptOutcomes(bus, prompts);
    for (const head of await prompts.list()) {
      const trial = trials.get(head.name);
      if (!trial || head.production === undefined) continue;
      if (head.candidate) await judge(bus, prompts, head, trial, log);
      else if (setting('prompts.propose', settings.propose ?? true))
        await propose(bus, prompts, head, trial, {
          share: setting('prompts.share', settings.share ?? 0.2),
          least: setting('prompts.least', settings.least ?? 30),
          log,
        });
    }
  };
  const look = () => {
    running ??= work()
      .catch((error: Error) => log.warn('the prompts could not be looked at', { error: error.message }))
      .finally(() => {
        running = undefined;
      });
    return running;
  };
  const every = settings.everyMs ?? 30_000;
  // Jitter, so that a fleet does not look at once.
  const timer = setInterval(() => void (stopped || look()), every * (0.8 + 0.4 * Math.random()));
  void look();
  return {
    look,
    async stop() {
      stopped = true;
      clearInterval(timer);
      await running;
      live.close();
    },
  };
}

async function judge(
  bus: Bus,
  prompts: PromptRegistry,
  head: PromptHead,
  trial: PromptTrial,
  log: Logger,
): Promise<void> {
  const judged = judgementOf(head, trial);
  if (!judged || !head.candidate || judged.verdict === 'wait') return;
  const { version } = head.candidate;
  try {
    if (judged.verdict === 'promote')
      await prompts.assign(head.name, {
        label: 'production',
        version,
        event: 'promoted',
        ifCandidate: version,
        by: BY,
        reason: judged.why,
      });
    else
      await prompts.assign(head.name, {
        label: 'none',
        event: judged.verdict === 'roll-back' ? 'rolled-back' : 'withdrawn',
        ifCandidate: version,
        by: BY,
        reason: judged.why,
      });
  } catch (error) {
    // Another worker was first.
    if (error instanceof PromptMoved) return;
    throw error;
  }
  log.info(`prompt ${head.name}@${version}: ${judged.verdict}`, { why: judged.why });
  await tell(bus, {
    kind: judged.verdict === 'promote' ? 'promote-prompt' : 'withdraw-prompt',
    target: `${head.name}@${version}`,
    reason: judged.why,
    before: { production: head.production },
    after: { production: judged.verdict === 'promote' ? version : head.production },
    evidence: { ...judged },
  });
}

async function propose(
  bus: Bus,
  prompts: PromptRegistry,
  head: PromptHead,
  trial: PromptTrial,
  options: { readonly share: number; readonly least: number; readonly log: Logger },
): Promise<void> {
  const own = trial.outcomes.filter(({ version }) => version === head.production);
  if (head.production === undefined || own.length < options.least) return;
  // What was tried on this production version and did not win is not tried again on the same outcomes.
  const lastTry = head.history.findLast(
    ({ event }) => event === 'candidate' || event === 'withdrawn' || event === 'rolled-back' || event === 'promoted',
  );
  if (lastTry && own.filter(({ at }) => at > lastTry.at).length < options.least) return;
  const made = proposePrompt(
    await prompts.version(head.name, head.production),
    await historyOf(bus, own.slice(-MOST_READ)),
    {
      least: Math.min(options.least, MOST_READ),
    },
  );
  if (!made) return;
  const version = await prompts.add(made, BY);
  if (version.version === head.production || tried(head, version.version)) return;
  try {
    await prompts.assign(head.name, {
      label: 'candidate',
      version: version.version,
      share: options.share,
      ifCandidate: null,
      by: BY,
      reason: version.changelog,
    });
  } catch (error) {
    // Another worker proposed it, or a person put another one on trial.
    if (error instanceof PromptMoved) return;
    throw error;
  }
  options.log.info(`prompt ${head.name}@${version.version} proposed`, { why: version.changelog });
  await tell(bus, { kind: 'propose-prompt', target: `${head.name}@${version.version}`, reason: version.changelog });
}

function tried(head: PromptHead, version: number): boolean {
  return head.history.some((entry) => entry.version === version && entry.event !== 'added');
}

/** The tasks behind outcomes, as far as LOG still has them. */
async function historyOf(bus: Bus, outcomes: PromptTrial['outcomes']): Promise<PromptHistory[]> {
  const log = taskLog(bus);
  const history: PromptHistory[] = [];
  for (const { task, success } of outcomes) {
    const records = await log.history(task).catch(() => []);
    const text = records.map(({ record }) => record.task.text).find((t) => t !== undefined);
    const outcome = records.findLast(({ record }) => record.outcome !== undefined)?.record.outcome;
    history.push({
      task: text ?? '',
      answer: typeof outcome?.answer === 'string' ? outcome.answer : undefined,
      success,
      problems: Array.isArray(outcome?.problems)
        ? outcome.problems.filter((p): p is string => typeof p === 'string')
        : [],
      rounds: typeof outcome?.rounds === 'number' ? outcome.rounds : 1,
    });
  }
  return history;
}

async function tell(bus: Bus, said: Omit<Action, 'id' | 'by' | 'at'>): Promise<void> {
  const at = new Date().toISOString();
  const kind = String(said.kind);
  const action: Action = { ...said, kind, id: `${kind}-${String(said.target)}-${at}`, by: BY, at, state: 'done' };
  await publishAction(bus, action);
}

// The prompts page: every prompt with its versions, which serves, and how a candidate does against it.
import { NotProvisioned, openPrompts, type PromptRegistry } from '@cortex/bus';
import { judgementOf } from '@cortex/models';
import type { PromptReport, PromptsAnswer } from '../wire.js';
import type { World } from '../world.js';

export async function promptsAnswer(world: World): Promise<PromptsAnswer> {
  let registry: PromptRegistry;
  try {
    registry = await openPrompts(world.bus);
  } catch (error) {
    if (!(error instanceof NotProvisioned)) throw error;
    return { absent: 'This bus has no registry of prompts.', prompts: [] };
  }
  const heads = await registry.list();
  return { absent: null, prompts: await Promise.all(heads.map((head) => promptReport(registry, head.name))) };
}

async function promptReport(registry: PromptRegistry, name: string): Promise<PromptReport> {
  const [head, versions, stored] = await Promise.all([
    registry.head(name),
    registry.versions(name),
    registry.trial(name),
  ]);
  if (!head)
    return {
      name,
      latest: 0,
      production: null,
      candidate: null,
      task_types: [],
      versions: [],
      judgement: null,
      history: [],
    };
  const judgement = judgementOf(head, stored?.trial ?? { prompt: name, cursor: 0, outcomes: [] });
  return {
    name,
    latest: head.latest,
    production: head.production ?? null,
    candidate: head.candidate
      ? { version: head.candidate.version, share: head.candidate.share, since: head.candidate.since }
      : null,
    task_types: head.task_types,
    versions: versions.reverse().map(({ version, by, at, changelog, system, user, rules }) => ({
      version,
      by,
      at,
      changelog,
      system,
      user,
      rules,
    })),
    judgement: judgement ?? null,
    history: [...head.history]
      .reverse()
      .map(({ at, by, event, version, reason }) => ({ at, by, event, version, reason })),
  };
}

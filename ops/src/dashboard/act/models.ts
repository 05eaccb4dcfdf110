// What an operator does to models and prompts. The registry of models writes the audit record of a change by itself.
import {
  BadAlias,
  FamilyFrozen,
  type ModelRegistry,
  NothingToRollBack,
  openPrompts,
  PromptMoved,
  RevisionConflict,
  UnknownModel,
  UnknownPrompt,
} from '@cortex/bus';
import { z } from 'zod';
import { openRegistry } from '../../train/registry.js';
import type { World } from '../world.js';
import { type Deeds, type Done, deed } from './deed.js';
import { Refusal } from './refusal.js';

const reason = z.string().max(1_024).optional();
const family = z.string().min(1).max(64);
const name = z.string().regex(/^[^@]+@\d+$/, 'is no version, such as router@7');

async function change(world: World, work: (registry: ModelRegistry) => Promise<Done>): Promise<Done> {
  try {
    return { ...(await work(await openRegistry(world.bus))), audited: true };
  } catch (error) {
    if (error instanceof UnknownModel) throw new Refusal(404, error.message);
    if (error instanceof RevisionConflict) throw new Refusal(409, 'somebody changed it at the same moment: look again');
    if (error instanceof BadAlias || error instanceof FamilyFrozen || error instanceof NothingToRollBack)
      throw new Refusal(409, error.message);
    throw error;
  }
}

export const MODEL_DEEDS: Deeds = {
  'promote-model': deed(
    z.object({
      model: name,
      as: z.enum(['champion', 'challenger', 'shadow']),
      share: z.number().min(0).max(1).optional(),
      reason,
    }),
    (world, { model, as, share, reason: why }, by) =>
      change(world, async (registry) => {
        const version = await registry.show(model);
        if (!version) throw new Refusal(404, `there is no version ${model}`);
        const edit = { [as]: model, ...(as === 'challenger' ? { share: share ?? 0.05 } : {}) };
        await registry.setAliases(version.family, edit, { by, reason: why || 'by hand' });
        const words = { champion: 'serves', challenger: 'is on trial', shadow: 'watches' }[as];
        return { said: `${model} ${words}.`, target: version.family };
      }),
  ),
  'roll-back-model': deed(z.object({ family, reason }), (world, input, by) =>
    change(world, async (registry) => {
      const aliases = await registry.rollback(input.family, { by, reason: input.reason || 'by hand' });
      const said = aliases.champion ? `${aliases.champion} serves again.` : 'No version serves any more.';
      return { said, target: input.family };
    }),
  ),
  'freeze-model': deed(z.object({ family, frozen: z.boolean(), reason }), (world, input, by) =>
    change(world, async (registry) => {
      await registry.setAliases(input.family, { frozen: input.frozen }, { by, reason: input.reason || 'by hand' });
      const said = input.frozen
        ? `${input.family} is frozen: no version gets more say.`
        : `${input.family} is open again: versions can be promoted.`;
      return { said, target: input.family };
    }),
  ),
  'assign-prompt': deed(
    z.object({
      prompt: z.string().min(1).max(64),
      label: z.enum(['production', 'candidate', 'none']),
      version: z.number().int().positive().optional(),
      share: z.number().gt(0).max(1).optional(),
      reason,
    }),
    async (world, { prompt, label, version, share, reason: why }, by) => {
      if (label !== 'none' && version === undefined) throw new Refusal(400, 'version: is missing');
      const shared = { by, ...(why ? { reason: why } : {}) };
      const registry = await openPrompts(world.bus);
      const before = await registry.head(prompt);
      try {
        const after = await registry.assign(
          prompt,
          label === 'none'
            ? { ...shared, label }
            : label === 'production'
              ? { ...shared, label, version: version ?? 0 }
              : { ...shared, label, version: version ?? 0, share: share ?? 0.1 },
        );
        const words = { production: 'serves', candidate: 'is on trial', none: 'is no longer on trial' }[label];
        return {
          said: `${prompt}@${version ?? before?.candidate?.version ?? '?'} ${words}.`,
          target: prompt,
          before: labels(before),
          after: labels(after),
        };
      } catch (error) {
        if (error instanceof UnknownPrompt) throw new Refusal(404, error.message);
        if (error instanceof PromptMoved) throw new Refusal(409, error.message);
        throw error;
      }
    },
  ),
};

const labels = (head: { production?: number | undefined; candidate?: unknown } | undefined) =>
  head ? { production: head.production ?? null, candidate: head.candidate ?? null } : null;

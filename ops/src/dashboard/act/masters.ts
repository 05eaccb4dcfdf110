// What an operator does to masters: add, change, pause, resume, remove. Every change can be undone from the audit trail.
import { AliasTaken, provisionMaster } from '@cortex/bus';
import { canonicalMaster, type Master, type MasterInput, masterSchema } from '@cortex/schemas';
import { z } from 'zod';
import type { World } from '../world.js';
import { type Deeds, deed } from './deed.js';
import { Refusal } from './refusal.js';

const name = z.string().trim().min(1).max(128);
const one = z.object({ master: name });

/** Checked, but with no more fields than were given: a default must not take the place of what is registered. */
const given = z.record(z.string(), z.unknown()).transform((fields, context): Partial<Master> & Pick<Master, 'name'> => {
  const checked = masterSchema.safeParse(fields);
  if (!checked.success) {
    for (const { path, message } of checked.error.issues) context.addIssue({ code: 'custom', path, message });
    return z.NEVER;
  }
  const { name, ...more } = checked.data;
  return { name, ...Object.fromEntries(Object.entries(more).filter(([field]) => field in fields)) };
});

function registryOf(world: World) {
  const registry = world.registry();
  if (!registry) throw new Refusal(503, 'the registry of masters is not there yet: is the bus up?');
  return registry;
}

function found(world: World, master: string): Master {
  const there = registryOf(world).find(master);
  if (!there) throw new Refusal(404, `there is no master "${master}"`);
  return there;
}

async function put(world: World, input: MasterInput): Promise<Master> {
  if ((input.patterns ?? []).length > 0) {
    const { patternProblem } = await import('@cortex/models');
    for (const pattern of input.patterns ?? []) {
      const problem = patternProblem(pattern);
      if (problem !== undefined)
        throw new Refusal(400, `patterns: "${pattern.slice(0, 80)}" is not a usable regular expression: ${problem}`);
    }
  }
  // It can be chosen once its work consumers exist; who may not make them leaves that to a coordinator.
  await provisionMaster(world.bus, canonicalMaster(input.name)).catch(() => undefined);
  try {
    return await registryOf(world).put(input);
  } catch (error) {
    if (error instanceof AliasTaken) throw new Refusal(409, error.message);
    throw error;
  }
}

async function setStatus(world: World, master: string, status: Master['status']) {
  const before = found(world, master);
  if (before.status === status) throw new Refusal(409, `${before.name} is ${status} already`);
  const after = await registryOf(world).change(before.name, { status });
  return { target: before.name, before: { status: before.status }, after: { status: after.status } };
}

export const MASTER_DEEDS: Deeds = {
  'put-master': deed(z.object({ master: given, fresh: z.boolean().optional() }), async (world, input) => {
    const before = registryOf(world).find(input.master.name);
    if (input.fresh && before) throw new Refusal(409, `there is a master "${before.name}" already: edit that one`);
    // What the form does not show stays as it is.
    const after = await put(world, { ...before, ...input.master, status: before?.status ?? 'active' });
    return {
      said: before ? `${after.name} changed.` : `${after.name} added: it can get tasks from now on.`,
      target: after.name,
      ...(before ? { before } : {}),
      after,
    };
  }),
  'pause-master': deed(one, async (world, { master }) => ({
    said: `${canonicalMaster(master)} is paused: it gets no new tasks, and keeps what it has.`,
    ...(await setStatus(world, master, 'paused')),
  })),
  'resume-master': deed(one, async (world, { master }) => ({
    said: `${canonicalMaster(master)} is active: it gets tasks again.`,
    ...(await setStatus(world, master, 'active')),
  })),
  'remove-master': deed(one, async (world, { master }) => {
    const before = found(world, master);
    await registryOf(world).remove(before.name);
    return { said: `${before.name} is removed. Tasks it has stay with it.`, target: before.name, before };
  }),
};

/** Brings a master back to how it was. Used by undo. */
export async function restoreMaster(world: World, target: string, before: unknown): Promise<void> {
  if (before === undefined || before === null) {
    await registryOf(world).remove(target);
    return;
  }
  const there = registryOf(world).find(target);
  await put(world, { ...there, ...(before as MasterInput), name: target });
}

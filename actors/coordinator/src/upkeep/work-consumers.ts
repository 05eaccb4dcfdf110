// Work consumers of masters, made when a master is registered. A master can be chosen once its consumers exist: earlier its work would
// still be kept in the log, but nobody could pull it.
import type { ActorContext, MasterRegistry } from '@cortex/bus';
import type { Choice } from '../decide/decider.js';
import { FALLBACK_MASTER } from '../decide/decision.js';

export interface Choosable {
  /** Active masters whose work consumers exist; the same object until something changes. */
  choice(): Choice;
}

/** Resolves when the masters registered now have been tried once; later ones follow as they come. */
export async function startWorkConsumers(
  context: ActorContext,
  masters: MasterRegistry,
  provision: (master: string) => Promise<void>,
): Promise<Choosable> {
  const ready = new Set<string>();
  let choice: Choice | undefined;
  let running: Promise<void> = Promise.resolve();
  const once = async () => {
    const wanted = [FALLBACK_MASTER, ...masters.list().map((m) => m.name)];
    for (const name of wanted) {
      if (ready.has(name)) continue;
      try {
        await provision(name);
        ready.add(name);
        choice = undefined;
        context.degrade(`work of ${name}`, undefined);
      } catch (error) {
        context.degrade(
          `work of ${name}`,
          `its consumers cannot be made (${error instanceof Error ? error.message : String(error)})`,
        );
      }
    }
  };
  const again = () => {
    running = running.then(once);
    return running;
  };
  const off = masters.onChange(() => {
    choice = undefined;
    void again();
  });
  // What failed, or was deleted by somebody, is made again.
  const timer = setInterval(() => void again(), 10_000);
  context.add({
    name: 'work-consumers',
    async stop() {
      clearInterval(timer);
      off();
      await running;
    },
  });
  await again();
  return {
    choice() {
      if (!choice) {
        const active = masters.list().flatMap(({ name, status }) => (status === 'active' ? [name] : []));
        const names = active.filter((name) => ready.has(name));
        choice = { names, all: names.length === active.length };
      }
      return choice;
    },
  };
}

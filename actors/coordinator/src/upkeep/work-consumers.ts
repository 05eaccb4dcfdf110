// Work consumers of masters, made when a master is registered. A master can be chosen once its consumers exist: earlier its work would
// still be kept in the log, but nobody could pull it.
import type { ActorContext, MasterRegistry } from '@cortex/bus';
import type { Choice } from '../decide/decider.js';
import { FALLBACK_MASTER } from '../decide/decision.js';

export interface Choosable {
  /** Active masters whose work consumers exist; the same object until something changes. */
  choice(): Choice;
  /** Names of masters registered just now, whose work consumers are being made: a task of theirs must not go to another. */
  pending(): string[];
}

/** Work of a deleted consumer waits this long at most for the next one. */
const CHECK_MS = 10_000;

/** Resolves when the masters registered now have been tried once; later ones follow as they come. */
export async function startWorkConsumers(
  context: ActorContext,
  masters: MasterRegistry,
  /** @param atOnce most tasks of a priority that its workers hold at once; undefined: no limit of its own */
  provision: (master: string, atOnce: number | undefined) => Promise<void>,
  /** Whether all consumers of each of these masters are still there; gives those that lack one. */
  lacking: (names: readonly string[]) => Promise<string[]> = async () => [],
): Promise<Choosable> {
  /** By master, with the limit that is in force. */
  const ready = new Map<string, number | undefined>();
  let choice: Choice | undefined;
  // Tried in vain: nothing waits for those, or an identity that may not make consumers would hold every task.
  const failed = new Set<string>();
  let running: Promise<void> = Promise.resolve();
  const once = async () => {
    const wanted = new Map<string, number | undefined>([
      [FALLBACK_MASTER, undefined],
      ...masters.list().map(({ name, limits }) => [name, limits?.concurrency] as const),
    ]);
    for (const [name, atOnce] of wanted) {
      if (ready.has(name) && ready.get(name) === atOnce) continue;
      try {
        await provision(name, atOnce);
        ready.set(name, atOnce);
        choice = undefined;
        failed.delete(name);
        context.degrade(`work of ${name}`, undefined);
      } catch (error) {
        failed.add(name);
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
  const check = async () => {
    // An unanswered question says nothing.
    for (const name of await lacking([...ready.keys()]).catch(() => [])) {
      ready.delete(name);
      choice = undefined;
    }
    await once();
  };
  // What failed, or was deleted by somebody, is made again.
  const timer = setInterval(() => {
    running = running.then(check);
  }, CHECK_MS);
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
    pending: () =>
      masters
        .list()
        .filter(({ name, status }) => status === 'active' && !ready.has(name) && !failed.has(name))
        .map(({ name }) => name),
  };
}

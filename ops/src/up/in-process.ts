// Actors inside this process: each with a connection of its own, started again with a growing pause when its start fails.
import { type ActorState, type Bus, connectBus, type RunningActor, runActor } from '@cortex/bus';
import { backOff } from './back-off.js';
import { ACTORS, type ActorRow } from './catalogue.js';
import type { Group, GroupOptions, Member } from './group.js';

interface Slot {
  readonly row: ActorRow;
  readonly number: number;
  state: ActorState;
  detail?: string;
  bus?: Bus;
  actor?: RunningActor;
}

/** Starts the counted actors. Resolves once each has been tried once. */
export async function startInProcess(counts: ReadonlyMap<string, number>, options: GroupOptions): Promise<Group> {
  const slots: Slot[] = ACTORS.flatMap((row) =>
    Array.from({ length: counts.get(row.name) ?? 0 }, (_, i): Slot => ({ row, number: i + 1, state: 'created' })),
  );
  let stopping = false;
  const start = async (slot: Slot, wait = backOff()): Promise<void> => {
    const { row } = slot;
    try {
      slot.bus = await connectBus({
        servers: options.address.servers,
        prefix: options.address.prefix,
        name: row.name,
        waitMs: 0,
        ...(options.address.creds === undefined ? {} : { creds: options.address.creds }),
      });
      slot.actor = await runActor(await row.make({ encoder: options.encoder }), slot.bus, {
        log: options.logger(row.name, slot.bus.instance),
        onState: (state, detail) => {
          slot.state = state;
          if (detail === undefined) delete slot.detail;
          else slot.detail = detail;
        },
      });
    } catch (error) {
      slot.state = 'failed';
      slot.detail = (error as Error).message;
      await slot.bus?.close();
      if (stopping) return;
      const delay = wait.next();
      options.say(`${row.name} did not start (${slot.detail}): trying again in ${Math.round(delay / 100) / 10} s`);
      setTimeout(() => void (stopping || start(slot, wait)), delay).unref();
    }
  };
  await Promise.all(slots.map((slot) => start(slot)));
  return {
    members: () =>
      slots.map(
        (slot): Member => ({
          actor: slot.row.name,
          number: slot.number,
          state: slot.state,
          ...(slot.detail === undefined ? {} : { detail: slot.detail }),
        }),
      ),
    async drain() {
      stopping = true;
      // Those who ask stop before those who answer.
      for (const row of [...ACTORS].reverse()) {
        const mine = slots.filter((slot) => slot.row === row);
        await Promise.all(mine.map((slot) => slot.actor?.drain()));
        await Promise.all(mine.map((slot) => slot.bus?.close()));
      }
    },
    kill() {
      stopping = true;
    },
  };
}

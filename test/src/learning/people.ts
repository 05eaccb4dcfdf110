// The world around the system: tasks come in, work is done, people tell how it went, late, wrongly, or not at all.
import { type Bus, publish } from '@cortex/bus';
import { seededRandom } from '@cortex/models';
import { decodeMessage, EVENT_TYPES, type LogRecord, logRecordSchema } from '@cortex/schemas';
import type { Ticket } from './system.js';

export interface Habits {
  /** Share of wrong decisions that somebody corrects. */
  readonly corrected: number;
  readonly delayed: number;
  readonly wrong: number;
  readonly missing: number;
  /** Milliseconds: delayed outcomes come after 0.2 to 2 of these. */
  readonly delayMs: number;
}

export interface Told {
  /** Number of the task in the stream. */
  readonly n: number;
  readonly right: boolean;
  readonly arm: string;
  readonly assigned: string;
  readonly model: string;
  /** The champion of the moment was right where the challenger, who decided, was wrong. */
  readonly harmed: boolean;
  readonly master: string;
  readonly truth: string;
}

export interface World {
  readonly told: readonly Told[];
  /** Outcomes that were reported so far. */
  reported(): number;
  /** Sends tasks and waits until each is decided; at most `inFlight` at once. */
  send(tickets: readonly Ticket[], inFlight?: number): Promise<void>;
  /** Waits until all outcomes are reported that ever will be. */
  settled(): Promise<void>;
  close(): void;
}

/** Fields of tasks beside their text, such as `source`, by number. */
export type Fields = (n: number) => Record<string, unknown>;

export function openWorld(bus: Bus, prefix: string, habits: Habits, seed: number, fields: Fields = () => ({})): World {
  const random = seededRandom(seed);
  const truths = new Map<string, { n: number; label: string }>();
  const waiting = new Map<string, () => void>();
  const told: Told[] = [];
  const late = new Set<Promise<unknown>>();
  let sent = 0;
  let reported = 0;
  const labels: string[] = [];
  const subscription = bus.nc.subscribe(bus.subjects.live('decided'), {
    callback: (error, message) => {
      if (error) return;
      const record = decodeMessage('log record', logRecordSchema, message.data);
      const truth = truths.get(record.task.id);
      if (!truth || !waiting.has(record.task.id)) return;
      waiting.get(record.task.id)?.();
      waiting.delete(record.task.id);
      report(record, truth);
    },
  });

  function report(record: LogRecord, { n, label }: { n: number; label: string }): void {
    const { decision } = record;
    if (!decision) return;
    const right = decision.master === label;
    const champion = decision.others?.find(({ arm }) => arm === 'champion')?.master;
    told.push({
      n,
      right,
      arm: decision.arm,
      assigned: decision.assigned ?? decision.arm,
      model: decision.models.router ?? 'none',
      harmed: decision.arm === 'challenger' && !right && champion === label,
      master: decision.master,
      truth: label,
    });
    // As many draws for every task, so that one decision does not change the fate of all later tasks.
    const [missing, flipped, delayed, corrected, mistaken, when, other] = Array.from({ length: 7 }, random) as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    if (missing < habits.missing) return;
    const success = right !== flipped < habits.wrong;
    const correction =
      !right && !success && corrected < habits.corrected
        ? mistaken < habits.wrong
          ? labels[Math.floor(other * labels.length)]
          : label
        : undefined;
    const claim = {
      task: record.task.id,
      master: decision.master,
      worker: 'person',
      status: success ? 'completed' : 'failed',
      success,
      ...(correction === undefined ? {} : { correct_master: correction }),
    };
    const tell = () =>
      publish(bus, bus.subjects.outcome(decision.master), claim, {
        type: EVENT_TYPES.outcome,
        id: `o-${record.task.id}`,
      });
    const pause = delayed < habits.delayed ? habits.delayMs * (0.2 + 1.8 * when) : 0;
    const work = new Promise((resolve) => setTimeout(resolve, pause)).then(tell).finally(() => {
      reported++;
      late.delete(work);
    });
    late.add(work);
  }

  return {
    told,
    reported: () => reported,
    async send(tickets, inFlight = 12) {
      for (const { label } of tickets) if (!labels.includes(label)) labels.push(label);
      let next = 0;
      const one = async (): Promise<void> => {
        for (;;) {
          const ticket = tickets[next++];
          if (!ticket) return;
          const n = sent++;
          const id = `${prefix}-${n}`;
          truths.set(id, { n, label: ticket.label });
          const decided = new Promise<void>((resolve) => waiting.set(id, resolve));
          await publish(
            bus,
            bus.subjects.submit,
            { id, text: ticket.text, ...fields(n) },
            { type: EVENT_TYPES.taskSubmit, id },
          );
          let timer: NodeJS.Timeout | undefined;
          const limit = new Promise<never>((_, reject) => {
            timer = setTimeout(() => reject(new Error(`${id} was not decided within 60 s`)), 60_000);
          });
          await Promise.race([decided, limit]).finally(() => clearTimeout(timer));
        }
      };
      await Promise.all(Array.from({ length: inFlight }, one));
    },
    async settled() {
      while (late.size > 0) await Promise.all(late);
    },
    close: () => subscription.unsubscribe(),
  };
}

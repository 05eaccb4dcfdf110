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
  /** A person was asked instead of a worker; `master` and `right` are then of whom the model would have chosen. */
  readonly asked: boolean;
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

interface Truth {
  readonly n: number;
  readonly label: string;
}

/** What chance decides about a task: each 0 to 1. */
type Fate = Readonly<Record<'missing' | 'flipped' | 'delayed' | 'corrected' | 'mistaken' | 'when' | 'other', number>>;

/** Fields of tasks beside their text, such as `source`, by number. */
export type Fields = (n: number) => Record<string, unknown>;

export function openWorld(bus: Bus, prefix: string, habits: Habits, seed: number, fields: Fields = () => ({})): World {
  const random = seededRandom(seed);
  // Its own: how many questions are answered must not change the fate of later tasks.
  const afterAnswers = seededRandom(seed + 1);
  const truths = new Map<string, Truth>();
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
      if (!truth) return;
      if (!waiting.has(record.task.id)) {
        // Where the person who was asked sent it.
        if (record.decision?.method === 'human') report(record, truth, fateOf(afterAnswers));
        return;
      }
      waiting.get(record.task.id)?.();
      waiting.delete(record.task.id);
      const fate = fateOf(random);
      tell(record, truth);
      if (record.decision?.review === undefined) report(record, truth, fate);
      else answer(record, truth, fate);
    },
  });

  function tell({ decision }: LogRecord, { n, label }: Truth): void {
    if (!decision) return;
    const asked = decision.review !== undefined;
    const master = asked ? likeliest(decision.probabilities) : decision.master;
    const right = master === label;
    const champion = decision.others?.find(({ arm }) => arm === 'champion')?.master;
    told.push({
      n,
      right,
      arm: decision.arm,
      assigned: decision.assigned ?? decision.arm,
      model: decision.models.router ?? 'none',
      harmed: !asked && decision.arm === 'challenger' && !right && champion === label,
      master,
      truth: label,
      asked,
    });
  }

  function report({ task, decision }: LogRecord, { label }: Truth, fate: Fate): void {
    if (!decision || fate.missing < habits.missing) return;
    const right = decision.master === label;
    const success = right !== fate.flipped < habits.wrong;
    const correction = !right && !success && fate.corrected < habits.corrected ? said(label, fate) : undefined;
    const claim = {
      task: task.id,
      master: decision.master,
      worker: 'person',
      status: success ? 'completed' : 'failed',
      success,
      ...(correction === undefined ? {} : { correct_master: correction }),
    };
    later(fate, async () => {
      await publish(bus, bus.subjects.outcome(decision.master), claim, {
        type: EVENT_TYPES.outcome,
        id: `o-${task.id}`,
      });
      reported++;
    });
  }

  /** Who is asked has the habits of who corrects: late, wrong or silent as often. */
  function answer({ task, decision }: LogRecord, { label }: Truth, fate: Fate): void {
    if (fate.missing < habits.missing) return;
    const given = { review: decision?.review, task: task.id, master: said(label, fate), by: 'person' };
    later(fate, () => publish(bus, bus.subjects.reviewsAnswered, given, { type: EVENT_TYPES.reviewAnswered }));
  }

  const said = (label: string, { mistaken, other }: Fate) =>
    mistaken < habits.wrong ? labels[Math.floor(other * labels.length)] : label;

  function later({ delayed, when }: Fate, act: () => Promise<unknown>): void {
    const pause = delayed < habits.delayed ? habits.delayMs * (0.2 + 1.8 * when) : 0;
    const work = new Promise((resolve) => setTimeout(resolve, pause)).then(act).finally(() => late.delete(work));
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

const likeliest = (probabilities: Readonly<Record<string, number>>): string =>
  Object.entries(probabilities).reduce((best, one) => (one[1] > best[1] ? one : best), ['', -1])[0];

/** As many draws for every task, so that one decision does not change the fate of all later tasks. */
function fateOf(random: () => number): Fate {
  const [missing, flipped, delayed, corrected, mistaken, when, other] = Array.from({ length: 7 }, random) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return { missing, flipped, delayed, corrected, mistaken, when, other };
}

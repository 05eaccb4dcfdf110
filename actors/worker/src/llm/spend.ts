// Three budgets over every call: the task's, the master's day and everybody's day. A call is made only when the most it can cost fits into
// 95 % of each; what it did cost is settled afterwards. So no limit is passed, whatever dies in between.
import { committed, type Memory } from '@cortex/bus';
import { nuid } from '@nats-io/transport-node';
import { BudgetSpent } from './errors.js';
import { type BudgetLimits, STOP_AT, WARN_AT } from './settings.js';

export interface Spend {
  /** Throws {@link BudgetSpent} when `input + output` does not fit; else the promise to settle. */
  reserve(input: number, output: number): Promise<Reservation>;
  /** Output tokens that still fit beside so much input, at most `wish`. */
  room(input: number, wish: number): Promise<number>;
  readonly total: () => { input: number; output: number; costUsd: number };
  /** Budgets of which more than 80 % is spent. */
  readonly warnings: () => readonly string[];
}

export interface Reservation {
  settle(input: number, output: number): Promise<void>;
}

export interface SpendOptions {
  readonly memory: Memory;
  readonly task: string;
  readonly master: string;
  readonly limits: BudgetLimits;
  readonly price: { readonly input: number; readonly output: number };
  /** What earlier attempts at this task spent, promises of dead ones included. */
  readonly before: { readonly input: number; readonly output: number; readonly reserved: number };
  /** Writes what the task has spent and promised, so that the next attempt knows. */
  readonly note: (spent: { input: number; output: number; reserved: number }) => Promise<void>;
  readonly now?: () => Date;
}

export function startSpend(options: SpendOptions): Spend {
  const { memory, master, limits, price } = options;
  const now = options.now ?? (() => new Date());
  const spent = { input: options.before.input, output: options.before.output, reserved: options.before.reserved };
  let own = { input: 0, output: 0 };
  const warned = new Set<string>();
  const cost = (input: number, output: number) => (input * price.input + output * price.output) / 1e6;
  const taskSum = () => spent.input + spent.output + spent.reserved;
  const owners = [
    { whose: 'master', owner: master, most: limits.master * STOP_AT, limit: limits.master },
    { whose: 'day', owner: '*', most: limits.day * STOP_AT, limit: limits.day },
  ] as const;
  const warn = (whose: string, sum: number, limit: number) => {
    if (sum >= limit * WARN_AT) warned.add(`${whose}: ${Math.round(sum)} of ${Math.round(limit)} tokens`);
  };
  return {
    async room(input, wish) {
      const day = now().toISOString().slice(0, 10);
      let room = Math.min(wish, limits.task * STOP_AT - taskSum() - input);
      for (const { owner, most } of owners)
        room = Math.min(room, most - committed(await memory.budgets.spending(day, owner)) - input);
      return Math.max(0, Math.floor(room));
    },
    async reserve(input, output) {
      const day = now().toISOString().slice(0, 10);
      const call = nuid.next();
      const tokens = input + output;
      if (taskSum() + tokens > limits.task * STOP_AT) throw new BudgetSpent('task', taskSum(), limits.task);
      const held: string[] = [];
      for (const { whose, owner, most, limit } of owners) {
        if (await memory.budgets.reserve(day, owner, call, tokens, most)) {
          held.push(owner);
          continue;
        }
        for (const other of held) await memory.budgets.settle(day, other, call, 0, 0);
        throw new BudgetSpent(whose, committed(await memory.budgets.spending(day, owner)), limit);
      }
      spent.reserved += tokens;
      await options.note({ ...spent });
      let settled = false;
      return {
        async settle(realInput, realOutput) {
          if (settled) return;
          settled = true;
          spent.reserved -= tokens;
          spent.input += realInput;
          spent.output += realOutput;
          own = { input: own.input + realInput, output: own.output + realOutput };
          await options.note({ ...spent });
          warn('task', taskSum(), limits.task);
          for (const { whose, owner, limit } of owners) {
            const after = await memory.budgets.settle(
              day,
              owner,
              call,
              realInput + realOutput,
              cost(realInput, realOutput),
            );
            warn(whose, committed(after), limit);
          }
        },
      };
    },
    total: () => ({ input: spent.input, output: spent.output, costUsd: cost(spent.input, spent.output) }),
    warnings: () => [...warned],
  };
}

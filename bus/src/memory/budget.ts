// Token budgets that many workers share: a call reserves what it may cost at most before it is made, and settles what it did cost after.
// A worker that dies in between leaves its reservation standing, so the sum is never past the limit.
import { decodeMessage, escapeToken, type Spending, spendingSchema } from '@cortex/schemas';
import type { KV } from '@nats-io/kv';
import { putIf } from '../registry/prompts.js';

export interface Budget {
  /** What an owner spent and promised on a day (`2026-11-22`); `owner` is a master, or `*` for everybody. */
  spending(day: string, owner: string): Promise<Spending>;
  /** Promises `tokens` to a call. False, and nothing is promised, when that would pass `most`. */
  reserve(day: string, owner: string, call: string, tokens: number, most: number): Promise<boolean>;
  /** The call has cost so much. Settling twice counts once. */
  settle(day: string, owner: string, call: string, tokens: number, costUsd: number): Promise<Spending>;
}

/** Spent and promised together. */
export function committed(spending: Spending): number {
  return spending.used + Object.values(spending.reserved).reduce((sum, tokens) => sum + tokens, 0);
}

export function openBudgets(kv: KV): Budget {
  const keyOf = (day: string, owner: string) =>
    `spent.${escapeToken(day)}.${owner === '*' ? '=everybody' : escapeToken(owner)}`;
  const read = async (key: string): Promise<{ value: Spending; revision: number | undefined }> => {
    const entry = await kv.get(key);
    if (entry?.operation !== 'PUT')
      return {
        value: { key, used: 0, reserved: {}, cost_usd: 0, updated_at: new Date().toISOString() },
        revision: undefined,
      };
    return { value: decodeMessage('spending', spendingSchema, entry.value), revision: entry.revision };
  };
  return {
    spending: async (day, owner) => (await read(keyOf(day, owner))).value,
    async reserve(day, owner, call, tokens, most) {
      const key = keyOf(day, owner);
      for (;;) {
        const { value, revision } = await read(key);
        if (committed(value) + tokens > most) return false;
        const reserved = { ...value.reserved, [call]: tokens };
        if (await putIf(kv, key, { ...value, reserved, updated_at: new Date().toISOString() }, revision)) return true;
      }
    },
    async settle(day, owner, call, tokens, costUsd) {
      const key = keyOf(day, owner);
      for (;;) {
        const { value, revision } = await read(key);
        if (!(call in value.reserved)) return value;
        const { [call]: _, ...reserved } = value.reserved;
        const next = {
          ...value,
          reserved,
          used: value.used + tokens,
          cost_usd: value.cost_usd + costUsd,
          updated_at: new Date().toISOString(),
        };
        if (await putIf(kv, key, next, revision)) return next;
      }
    },
  };
}

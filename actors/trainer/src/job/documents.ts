// Small JSON documents in the bucket `trials`, changed by compare-and-set: whoever writes second reads what the first wrote.
import { type Bus, openBucket } from '@cortex/bus';
import { decodeMessage, encodeMessage } from '@cortex/schemas';
import type { KV } from '@nats-io/kv';
import type { z } from 'zod';

export interface Stored<T> {
  readonly value: T;
  readonly revision: number;
}

/** Somebody else changed the document meanwhile. */
export class Outrun extends Error {
  override readonly name = 'Outrun';
  constructor(readonly key: string) {
    super(`${key} was changed by somebody else`);
  }
}

export class Documents {
  constructor(
    readonly bus: Bus,
    readonly kv: KV,
  ) {}

  /** Throws NotProvisioned without the bucket. */
  static async open(bus: Bus): Promise<Documents> {
    return new Documents(bus, await openBucket(bus, 'trials'));
  }

  async read<S extends z.ZodType>(key: string, schema: S): Promise<Stored<z.output<S>> | undefined> {
    const entry = await this.kv.get(key);
    if (entry?.operation !== 'PUT' || entry.length === 0) return undefined;
    return { value: decodeMessage(key, schema, entry.value), revision: entry.revision };
  }

  /** `after` 0: it must not be there yet. Returns the new revision. @throws Outrun. */
  async write(key: string, value: object, after: number): Promise<number> {
    try {
      return after === 0
        ? await this.kv.create(key, encodeMessage(value))
        : await this.kv.update(key, encodeMessage(value), after);
    } catch (error) {
      if (isWrongRevision(error)) throw new Outrun(key);
      throw error;
    }
  }

  /** Reads, changes and writes until nobody was in between; `change` gives undefined to leave it as it is. */
  async change<S extends z.ZodType>(
    key: string,
    schema: S,
    change: (now: z.output<S> | undefined) => z.output<S> | undefined,
  ): Promise<z.output<S> | undefined> {
    for (;;) {
      const stored = await this.read(key, schema);
      const next = change(stored?.value);
      if (next === undefined) return stored?.value;
      try {
        await this.write(key, next as object, stored?.revision ?? (await this.#buried(key)));
        return next;
      } catch (error) {
        if (!(error instanceof Outrun)) throw error;
      }
    }
  }

  async keys(filter: string): Promise<string[]> {
    const keys: string[] = [];
    for await (const key of await this.kv.keys(filter)) keys.push(key);
    return keys.sort();
  }

  /** A deleted key has a revision too, which the next write must name. */
  async #buried(key: string): Promise<number> {
    return (await this.kv.get(key))?.revision ?? 0;
  }
}

const WRONG_LAST_SEQUENCE = new Set([10071, 10164]);

function isWrongRevision(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return (typeof code === 'number' && WRONG_LAST_SEQUENCE.has(code)) || /wrong last sequence/i.test(String(error));
}

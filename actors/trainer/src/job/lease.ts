// One job a family at a time, over all trainers: a document that its holder renews.
// The one thing to know: no clocks are compared. Who waits watches the document's revision; unchanged for a whole term, its holder is gone.
import { z } from 'zod';
import { type Documents, Outrun } from './documents.js';

const leaseSchema = z.looseObject({ job: z.string(), by: z.string(), free: z.boolean().optional() });

export interface Lease {
  /** Aborts when the lease is lost: its holder must stop at once. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

/** The lease was not renewed in time, or somebody took it over. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
}

export class Leases {
  readonly #seen = new Map<string, { revision: number; since: number }>();

  constructor(
    readonly documents: Documents,
    readonly by: string,
    /** A holder that was silent for so long is gone. */
    readonly termMs: number,
  ) {}

  /** Undefined while another holds it. */
  async take(family: string, job: string): Promise<Lease | undefined> {
    const key = `lease.${family}`;
    const stored = await this.documents.read(key, leaseSchema);
    if (stored && !stored.value.free && !this.#isSilent(key, stored.revision)) return undefined;
    try {
      const revision = await this.documents.write(key, { job, by: this.by }, stored?.revision ?? 0);
      this.#seen.delete(key);
      return this.#hold(key, job, revision);
    } catch (error) {
      if (error instanceof Outrun) return undefined;
      throw error;
    }
  }

  #isSilent(key: string, revision: number): boolean {
    const seen = this.#seen.get(key);
    if (seen?.revision !== revision) {
      this.#seen.set(key, { revision, since: performance.now() });
      return false;
    }
    return performance.now() - seen.since >= this.termMs;
  }

  #hold(key: string, job: string, taken: number): Lease {
    const lost = new AbortController();
    let revision = taken;
    let renewedAt = performance.now();
    let renewing: Promise<void> = Promise.resolve();
    const renew = async () => {
      try {
        revision = await this.documents.write(key, { job, by: this.by }, revision);
        renewedAt = performance.now();
      } catch (error) {
        // A bus that is away for a moment is no reason to stop, a whole term is: then somebody else may have taken it.
        if (error instanceof Outrun || performance.now() - renewedAt >= this.termMs)
          lost.abort(new LeaseLost(`${key}: ${(error as Error).message}`));
      }
    };
    const timer = setInterval(() => {
      renewing = renewing.then(renew);
    }, this.termMs / 3);
    return {
      lost: lost.signal,
      release: async () => {
        clearInterval(timer);
        await renewing;
        if (!lost.signal.aborted)
          await this.documents.write(key, { job, by: this.by, free: true }, revision).catch(() => undefined);
      },
    };
  }
}

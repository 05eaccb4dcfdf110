// Where every job stands, for whoever asks, and who may go on with it: the trainer that wrote the document last.
import { followBucket } from '@cortex/bus';
import { decodeMessage, type JobState, jobStateSchema, type TrainJob } from '@cortex/schemas';
import { z } from 'zod';
import type { Documents } from './documents.js';

const keyOf = (id: string) => `job.${id}`;
const cancelKey = (id: string) => `cancel.${id}`;
const cancelSchema = z.looseObject({ by: z.string() });

const lastSchema = z.looseObject({
  job: z.string(),
  at: z.string(),
  until: z.number().int().nonnegative(),
});
/** The training before, of a family: successful or not, so that data nobody can learn from is not tried again and again. */
export type LastTraining = z.output<typeof lastSchema>;

const changedSchema = z.looseObject({ masters: z.record(z.string(), z.number()) });
const changedKey = (family: string) => `changed.${family}`;

export const FINISHED: ReadonlySet<JobState['state']> = new Set(['done', 'failed', 'cancelled']);

/** The one who may go on with a job. Every change fails with Outrun once another trainer began it. */
export class Claim {
  #state: JobState;
  #revision: number;
  #writing: Promise<void> = Promise.resolve();

  constructor(
    readonly documents: Documents,
    state: JobState,
    revision: number,
  ) {
    this.#state = state;
    this.#revision = revision;
  }

  get state(): JobState {
    return this.#state;
  }

  /** @throws Outrun when another trainer has it now. */
  change(fields: Partial<JobState>): Promise<void> {
    const write = this.#writing.then(async () => {
      const next: JobState = { ...this.#state, ...fields, at: new Date().toISOString() };
      this.#revision = await this.documents.write(keyOf(next.job.id), next, this.#revision);
      this.#state = next;
    });
    this.#writing = write.catch(() => undefined);
    return write;
  }
}

export class Board {
  constructor(
    readonly documents: Documents,
    readonly by: string,
  ) {}

  /** Masters whose work changed, and since when (milliseconds since 1970): their older rows are not learned from any more. */
  async changed(family: string): Promise<Readonly<Record<string, number>>> {
    return (await this.documents.read(changedKey(family), changedSchema))?.value.masters ?? {};
  }

  /** The latest change of each master counts. */
  async noteChanged(family: string, masters: Readonly<Record<string, number>>): Promise<void> {
    if (Object.keys(masters).length === 0) return;
    await this.documents.change(changedKey(family), changedSchema, (now) => {
      const merged = { ...now?.masters };
      for (const [name, since] of Object.entries(masters)) merged[name] = Math.max(since, merged[name] ?? 0);
      return { masters: merged };
    });
  }

  async read(id: string): Promise<JobState | undefined> {
    return (await this.documents.read(keyOf(id), jobStateSchema))?.value;
  }

  /** Puts a job down as queued. False: it is known already. */
  async queue(job: TrainJob): Promise<boolean> {
    let isNew = false;
    await this.documents.change(keyOf(job.id), jobStateSchema, (now): JobState | undefined => {
      isNew = now === undefined;
      return now ? undefined : { job, state: 'queued', at: new Date().toISOString() };
    });
    return isNew;
  }

  /** Begins a job, or begins it again. Undefined: it is finished. @throws Outrun when another was first. */
  async claim(job: TrainJob): Promise<Claim | undefined> {
    const stored = await this.documents.read(keyOf(job.id), jobStateSchema);
    if (stored && FINISHED.has(stored.value.state)) return undefined;
    const state: JobState = {
      ...(stored?.value ?? { job }),
      state: 'running',
      by: this.by,
      attempt: (stored?.value.attempt ?? 0) + 1,
      at: new Date().toISOString(),
    };
    return new Claim(this.documents, state, await this.documents.write(keyOf(job.id), state, stored?.revision ?? 0));
  }

  async list(): Promise<JobState[]> {
    const states = await Promise.all((await this.documents.keys('job.>')).map((key) => this.read(key.slice(4))));
    return states.flatMap((s) => (s ? [s] : [])).sort((a, b) => (a.job.at < b.job.at ? 1 : -1));
  }

  /** The job ends at the next moment its trainer looks; false: there is no such job, or it is finished. */
  async cancel(id: string, by: string): Promise<boolean> {
    const state = await this.read(id);
    if (!state || FINISHED.has(state.state)) return false;
    await this.documents.change(cancelKey(id), cancelSchema, () => ({ by }));
    return true;
  }

  /** Who wanted it cancelled; undefined: nobody. */
  async cancelledBy(id: string): Promise<string | undefined> {
    return (await this.documents.read(cancelKey(id), cancelSchema))?.value.by;
  }

  /** Calls `listener` once somebody wants it cancelled, before now or later. Returns the function that ends it. */
  async onCancel(id: string, listener: (by: string) => void): Promise<() => void> {
    const { bus } = this.documents;
    const following = await followBucket(bus, bus.subjects.bucket('trials'), cancelKey(id), ({ value }) => {
      if (value !== undefined) listener(decodeMessage('cancel of a job', cancelSchema, value).by);
    });
    return () => following.stop();
  }

  async last(family: string): Promise<LastTraining | undefined> {
    return (await this.documents.read(`last.${family}`, lastSchema))?.value;
  }

  async setLast(family: string, last: LastTraining): Promise<void> {
    await this.documents.change(`last.${family}`, lastSchema, (now) =>
      now && now.until > last.until ? undefined : last,
    );
  }
}

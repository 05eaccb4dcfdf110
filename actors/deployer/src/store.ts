// The state of one family's trial in the bucket `trials`, changed by compare-and-set: any number of deployers may work on it, and the effect of
// every record is counted once. What is to be done is carried out after it is stored, and again by whoever finds it undone.
import { type Bus, type Logger, openBucket } from '@cortex/bus';
import { JetStreamApiError } from '@nats-io/jetstream';
import { withDefaults } from './evidence.js';
import { step } from './machine.js';
import { isSeen, markSeen, type Seen } from './seen.js';
import type { DeployerSettings } from './settings.js';
import { newState, type TrialEvent, type TrialState } from './state.js';

/** Where an event comes from, so that it counts once: a consumer and the sequence of the message. */
export interface Origin {
  readonly consumer: string;
  readonly sequence: number;
}

interface Stored {
  readonly state: TrialState;
  readonly seen: Readonly<Record<string, Seen>>;
}

interface Pending {
  readonly event: TrialEvent;
  readonly origin: Origin | undefined;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export interface TrialStore {
  readonly family: string;
  state(): TrialState;
  /** Resolves once the event's effect is stored. Rejects when it could not be: nothing of it counts then. */
  submit(event: TrialEvent, origin?: Origin): Promise<void>;
  /** Up to which sequence a consumer's messages are acknowledged: what is below need not be remembered. */
  floor(consumer: string, sequence: number): void;
  stop(): Promise<void>;
}

export interface StoreOptions {
  readonly settings: () => DeployerSettings;
  readonly log: Logger;
  /** Called after each change, with what is stored now. */
  readonly onStored: (state: TrialState) => void;
  /** Milliseconds over which events are gathered before they are stored together. Default 20. */
  readonly gatherMs?: number;
}

/** Milliseconds for which what was read last counts as the state. */
const LOOK_MS = 500;
const CONFLICTS = new Set([10071, 10164]);

export async function openTrialStore(bus: Bus, family: string, options: StoreOptions): Promise<TrialStore> {
  const kv = await openBucket(bus, 'trials');
  const key = `deploy.${family}`;
  const floors = new Map<string, number>();
  const waiting: Pending[] = [];
  let stored: Stored = { state: newState(family), seen: {} };
  let bytes = '';
  let lookedAt = 0;
  let revision = 0;
  let working: Promise<void> | undefined;
  let stopped = false;

  const load = async () => {
    lookedAt = Date.now();
    const entry = await kv.get(key);
    revision = entry?.revision ?? 0;
    bytes = entry?.operation === 'PUT' ? entry.string() : '';
    const value = entry?.operation === 'PUT' ? entry.json<Partial<Stored>>() : {};
    // Fields that a newer version added are there after an update, too.
    const state = { ...newState(family), ...value.state };
    stored = { state: { ...state, evidence: withDefaults(state.evidence) }, seen: value.seen ?? {} };
  };
  await load();

  const apply = (batch: readonly Pending[]): Stored => {
    let { state } = stored;
    const seen: Record<string, Seen> = { ...stored.seen };
    for (const { event, origin } of batch) {
      if (origin) {
        if (isSeen(seen[origin.consumer], origin.sequence)) continue;
        seen[origin.consumer] = markSeen(seen[origin.consumer], origin.sequence, floors.get(origin.consumer) ?? 0);
      }
      state = step(state, event, options.settings());
    }
    return { state, seen };
  };

  const commit = async (batch: readonly Pending[]): Promise<void> => {
    for (;;) {
      const next = apply(batch);
      const written = JSON.stringify(next);
      // Most looks at clock and registry change nothing.
      if (written === bytes) return;
      try {
        revision = revision === 0 ? await kv.create(key, written) : await kv.update(key, written, revision);
        stored = next;
        bytes = written;
        return;
      } catch (error) {
        if (!(error instanceof JetStreamApiError && CONFLICTS.has(error.code))) throw error;
        // Another deployer was first, or the acknowledgement of our own write was lost: read, and decide anew.
        await load();
      }
    }
  };

  const work = async (): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, options.gatherMs ?? 20));
    // Another deployer may have gone on meanwhile, and what changes nothing here is not written, so would not be refused.
    if (Date.now() - lookedAt > LOOK_MS) await load().catch(() => undefined);
    while (waiting.length > 0) {
      const batch = waiting.splice(0, 512);
      try {
        await commit(batch);
      } catch (error) {
        // What is in memory may be ahead of or behind what is stored.
        await load().catch(() => undefined);
        for (const { reject } of batch) reject(error);
        continue;
      }
      for (const { resolve } of batch) resolve();
      options.onStored(stored.state);
    }
  };

  const startWork = (): void => {
    working ??= work().finally(() => {
      working = undefined;
      // Whoever came between the last look and now would else wait for the next one to come.
      if (waiting.length > 0) startWork();
    });
  };

  return {
    family,
    state: () => stored.state,
    submit(event, origin) {
      if (stopped) return Promise.reject(new Error('the deployer is stopping'));
      return new Promise((resolve, reject) => {
        waiting.push({ event, origin, resolve, reject });
        startWork();
      });
    },
    floor: (consumer, sequence) => void floors.set(consumer, sequence),
    async stop() {
      stopped = true;
      while (working) await working;
    },
  };
}

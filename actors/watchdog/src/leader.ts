// Several watchdogs watch, one acts: a lease in the bucket `watch`, renewed by compare-and-set. No clocks are compared: a lease has run
// out when its entry did not change for `takeOverMs` of one's own time.
import type { Bus, Logger } from '@cortex/bus';
import type { KV } from '@nats-io/kv';

const KEY = 'leader';

export interface Leadership {
  leads(): boolean;
  stop(): Promise<void>;
}

export function runForLeader(
  bus: Bus,
  kv: KV,
  takeOverMs: number,
  onChange: (leads: boolean) => void,
  log: Logger,
): Leadership {
  let revision: number | undefined;
  let renewedAt = 0;
  let seen = { revision: -1, at: Date.now() };
  let stopped = false;
  const set = (next: number | undefined) => {
    const before = revision !== undefined;
    revision = next;
    if (next !== undefined) renewedAt = Date.now();
    if (before !== (next !== undefined)) {
      log.info(next === undefined ? 'another watchdog leads' : 'this watchdog leads');
      onChange(next !== undefined);
    }
  };
  const value = () => JSON.stringify({ instance: bus.instance, at: new Date().toISOString() });
  const once = async () => {
    if (revision !== undefined) {
      try {
        set(await kv.update(KEY, value(), revision));
      } catch (error) {
        // Somebody else has it, or nobody can be asked for too long.
        if (/wrong last sequence/.test(String(error)) || Date.now() - renewedAt > 0.6 * takeOverMs) set(undefined);
      }
      return;
    }
    const entry = await kv.get(KEY);
    const now = Date.now();
    if (entry && entry.revision !== seen.revision) seen = { revision: entry.revision, at: now };
    const free = entry?.operation !== 'PUT';
    if (!free && now - seen.at < takeOverMs) return;
    set(free && !entry ? await kv.create(KEY, value()) : await kv.update(KEY, value(), entry?.revision ?? 0));
  };
  let running: Promise<void> = Promise.resolve();
  const next = () => {
    running = once().catch(() => undefined);
    return running;
  };
  void next();
  const timer = setInterval(() => void next(), Math.max(50, takeOverMs / 4));
  return {
    leads: () => revision !== undefined && !stopped && Date.now() - renewedAt < takeOverMs,
    async stop() {
      stopped = true;
      clearInterval(timer);
      await running;
      if (revision !== undefined && bus.state() === 'connected')
        await kv.delete(KEY, { previousSeq: revision }).catch(() => undefined);
    },
  };
}

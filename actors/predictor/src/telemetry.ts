// Follows the fleet's heartbeats: the latest of each worker, forgotten when it falls silent. Live only: a predictor that starts later has
// heard everybody within one heartbeat.
import type { Bus } from '@cortex/bus';
import { canonicalMaster, decodeMessage, type Telemetry, telemetrySchema } from '@cortex/schemas';
import { gaugesByMaster, type LiveGauges } from './answer.js';

/** Three heartbeats of the default interval. */
const SILENT_MS = 15_000;
/** Bounds memory, whoever publishes. */
const MOST_WORKERS = 10_000;

export interface Fleet {
  gauges(): LiveGauges;
  stop(): void;
}

export function followFleet(bus: Bus): Fleet {
  const latest = new Map<string, { telemetry: Telemetry; heardAt: number }>();
  const subscription = bus.nc.subscribe(bus.subjects.telemetryAll, {
    callback: (error, msg) => {
      if (error) return;
      try {
        const telemetry = decodeMessage('telemetry', telemetrySchema, msg.data);
        latest.delete(telemetry.worker);
        latest.set(telemetry.worker, {
          telemetry: { ...telemetry, master: canonicalMaster(telemetry.master) },
          heardAt: Date.now(),
        });
        if (latest.size > MOST_WORKERS) latest.delete(latest.keys().next().value as string);
      } catch {
        // A malformed heartbeat tells nothing about load.
      }
    },
  });
  return {
    gauges() {
      const limit = Date.now() - SILENT_MS;
      for (const [worker, entry] of latest) if (entry.heardAt < limit) latest.delete(worker);
      return gaugesByMaster([...latest.values()].map((entry) => entry.telemetry));
    },
    stop: () => subscription.unsubscribe(),
  };
}

// Says, every bin, how much will come for each master and how many workers that needs. `cortex.forecasts.arrivals.<master>`, kept in TELEMETRY:
// launchers and KEDA scale by `replicas`. Every watchdog counts; only the leader speaks.
import { type Bus, type Logger, publish } from '@cortex/bus';
import { Scaler } from '@cortex/models';
import { EVENT_TYPES, type Forecast, type LogRecord, PRIORITIES } from '@cortex/schemas';
import { z } from 'zod';
import { Demands, type MasterDemand } from './demand.js';

export const scalingSchema = z.object({
  /** Seconds a task may wait for a worker. */
  wait_seconds: z.number().positive().default(5),
  /** Share of the tasks that wait no longer. */
  share: z.number().min(0.5).max(0.999).default(0.95),
  /** Seconds that are counted as one. */
  bin_seconds: z.number().positive().max(3_600).default(10),
  /** Seconds until a started worker works. */
  start_seconds: z.number().positive().default(10),
  /** Bounds of the workers wanted for a master. */
  least: z.number().int().min(0).default(0),
  most: z.number().int().min(1).default(100),
});
export type ScalingSettings = z.infer<typeof scalingSchema>;

export interface ScalingOptions {
  readonly bus: Bus;
  readonly settings: ScalingSettings;
  readonly leads: () => boolean;
  readonly masters: () => readonly string[];
  readonly log: Logger;
}

export interface Scaling {
  /** Counts a step of the log as it happens. */
  take(record: Pick<LogRecord, 'step' | 'decision' | 'outcome'>): void;
  stop(): void;
}

export function startScaling(options: ScalingOptions): Scaling {
  const { bus, settings, log } = options;
  const demands = new Demands();
  const scalers = new Map<string, Scaler>();
  let busy = false;
  const bin = async () => {
    if (busy) return;
    busy = true;
    try {
      const closed = demands.close();
      if (bus.state() !== 'connected') return;
      for (const master of options.masters()) {
        const demand = closed.get(master) ?? { arrivals: 0 };
        const forecast = await forecastFor(master, demand);
        if (options.leads())
          await publish(bus, bus.subjects.forecast(forecast.what), forecast, { type: EVENT_TYPES.forecast });
      }
    } catch (error) {
      log.warn('a forecast could not be said', { error: String(error) });
    } finally {
      busy = false;
    }
  };
  const timer = setInterval(() => void bin(), settings.bin_seconds * 1_000);

  async function forecastFor(master: string, demand: MasterDemand): Promise<Forecast> {
    let scaler = scalers.get(master);
    if (!scaler) {
      scaler = new Scaler({
        promise: { waitSeconds: settings.wait_seconds, share: settings.share },
        binSeconds: settings.bin_seconds,
        startSeconds: settings.start_seconds,
        least: settings.least,
        most: settings.most,
      });
      scalers.set(master, scaler);
    }
    const waiting = await waitingFor(bus, master);
    const answer = scaler.step({
      arrivals: demand.arrivals,
      waiting,
      serviceSeconds: demand.serviceSeconds ?? 0,
      ...(demand.serviceScatter === undefined ? {} : { serviceScatter: demand.serviceScatter }),
    });
    return {
      what: `arrivals.${master}`,
      at: new Date().toISOString(),
      horizon_seconds: answer.horizonSeconds,
      p50: answer.p50,
      p90: answer.p90,
      unit: 'tasks per second',
      master,
      waiting,
      ...(demand.serviceSeconds === undefined
        ? {}
        : { replicas: answer.replicas, service_seconds: Math.round(demand.serviceSeconds * 1_000) / 1_000 }),
    };
  }

  return {
    take: (record) => demands.take(record),
    stop() {
      clearInterval(timer);
    },
  };
}

/** Tasks nobody has taken yet; a master nobody ever worked for may have no consumer. */
async function waitingFor(bus: Bus, master: string): Promise<number> {
  const stream = bus.subjects.stream('LOG');
  const counts = await Promise.all(
    PRIORITIES.map((priority) =>
      bus.jsm.consumers
        .info(stream, bus.subjects.workConsumer(master, priority))
        .then((info) => info.num_pending)
        .catch(() => 0),
    ),
  );
  return counts.reduce((sum, n) => sum + n, 0);
}

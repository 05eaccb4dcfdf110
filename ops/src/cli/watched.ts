// What every long-running command of actors is seen by: spans to whoever draws them and to a backend, metrics, health and readiness.
import {
  actorsHere,
  BadMonitorAddress,
  type Bus,
  type Monitor,
  type MonitoredPart,
  type MonitorTarget,
  spanFeed,
  startMonitor,
  startTelemetry,
} from '@cortex/bus';
import { WrongInput } from './failures.js';

export interface WatchedOptions {
  /** `service.name`. */
  readonly service: string;
  readonly actor: string;
  /** Readiness of parts in other processes. */
  readonly parts?: () => readonly MonitoredPart[];
  /** Processes that are scraped beside this one. */
  readonly targets?: () => readonly MonitorTarget[];
  /** False until everything was started. Default: ready as soon as its actors are. */
  readonly started?: () => boolean;
}

export interface Watched {
  /** Where its spans go: an address, or why none. */
  readonly exporting: string;
  readonly monitor: Monitor | undefined;
  /** Sends spans over this bus to whoever asks for them, such as a dashboard. */
  attach(bus: Bus): void;
  stop(): Promise<void>;
}

/** Throws WrongInput for an address of the monitor that cannot be had. */
export async function watched({ service, actor, parts, targets, started }: WatchedOptions): Promise<Watched> {
  const spans = spanFeed();
  const telemetry = await startTelemetry({ service, processors: [spans.processor], wanted: () => spans.wanted() });
  const detach: (() => void)[] = [];
  let monitor: Monitor | undefined;
  try {
    monitor = await startMonitor({
      actor,
      parts: () => (started && !started() ? [] : [...actorsHere(), ...(parts?.() ?? [])]),
      metricsText: telemetry.metricsText,
      ...(targets ? { targets } : {}),
    });
  } catch (error) {
    await telemetry.shutdown();
    throw error instanceof BadMonitorAddress ? new WrongInput('CORTEX_MONITOR', error.message) : error;
  }
  return {
    exporting: telemetry.exporting,
    monitor,
    attach: (bus) => void detach.push(spans.attach(bus)),
    async stop() {
      for (const end of detach.splice(0)) end();
      await monitor?.close();
      await telemetry.shutdown();
    },
  };
}

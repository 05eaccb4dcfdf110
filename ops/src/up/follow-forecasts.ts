// Starts and stops workers as the watchdog's forecasts ask, within bounds. The one thing to know: growing is at once, shrinking one at a time,
// and a worker that goes finishes what it has.
import type { Bus } from '@cortex/bus';
import { decodeMessage, type Forecast, forecastSchema } from '@cortex/schemas';
import type { ProcessGroup, ProcessPlan } from './processes.js';

export interface Bounds {
  readonly least: number;
  readonly most: number;
}

export interface FollowOptions {
  readonly bus: Bus;
  readonly group: ProcessGroup;
  readonly bounds: Bounds;
  readonly masters: ReadonlySet<string>;
  readonly plan: (master: string) => ProcessPlan;
  readonly say: (line: string) => void;
}

/** How many workers a forecast asks for, within the bounds; undefined when it is no forecast for one of these masters. */
export function wantedBy(forecast: Forecast, masters: ReadonlySet<string>, bounds: Bounds) {
  const master = typeof forecast.master === 'string' ? forecast.master : undefined;
  if (master === undefined || !masters.has(master) || forecast.replicas === undefined) return undefined;
  return { master, workers: Math.min(bounds.most, Math.max(bounds.least, forecast.replicas)) };
}

export function followForecasts(options: FollowOptions): { stop(): void } {
  const { bus, group, bounds, masters, plan, say } = options;
  const shrinking = new Set<string>();
  const subscription = bus.nc.subscribe(bus.subjects.forecasts, {
    callback(error, message) {
      if (error) return;
      let forecast: Forecast;
      try {
        forecast = decodeMessage('forecast', forecastSchema, message.data);
      } catch {
        return;
      }
      const wanted = wantedBy(forecast, masters, bounds);
      if (!wanted) return;
      const { master, workers } = wanted;
      const there = group.count(master);
      if (workers > there) {
        say(`${master}: ${there} -> ${workers} workers, ${per(forecast.p90)} tasks a second may come`);
        for (let i = there; i < workers; i++) group.add(plan(master));
      } else if (workers < there && !shrinking.has(master)) {
        say(`${master}: ${there} -> ${there - 1} workers`);
        shrinking.add(master);
        void group.retire(master).finally(() => shrinking.delete(master));
      }
    },
  });
  return { stop: () => subscription.unsubscribe() };
}

const per = (value: number) => String(Math.round(value * 100) / 100);

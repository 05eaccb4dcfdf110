// What a process needs: processor time, memory, and how late its event loop is. Names follow the OpenTelemetry conventions.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { observe } from './metrics.js';

const NS = 1e9;
const MICROS = 1e6;

/** Measures from now on; the returned function ends it. */
export function watchProcess(): () => void {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  const ends = [
    observe('uptime', () => [[process.uptime(), {}]]),
    observe('memory', () => [[process.memoryUsage.rss(), {}]]),
    observe('cpuTime', () => {
      const { user, system } = process.cpuUsage();
      return [
        [user / MICROS, { 'cpu.mode': 'user' }],
        [system / MICROS, { 'cpu.mode': 'system' }],
      ];
    }),
    observe('loopDelay', () => {
      const p99 = delay.percentile(99) / NS;
      delay.reset();
      return [[p99, {}]];
    }),
  ];
  return () => {
    for (const end of ends) end();
    delay.disable();
  };
}

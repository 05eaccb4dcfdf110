// The worker's telemetry: a heartbeat, and a word at the start and end of tasks. Plain publishes: a lost one is followed by the next.
import { availableParallelism } from 'node:os';
import { type Bus, eventHeaders } from '@cortex/bus';
import { EVENT_TYPES, encodeMessage, type Telemetry } from '@cortex/schemas';
import type { RunningJob } from './running-job.js';

export interface Pulse {
  /** Something changed: say so soon. Changes within 200 ms share one message, or short tasks would double the bus's writes. */
  changed(): void;
  finished(result: 'done' | 'failed'): void;
  drain(): void;
  /** Says a last word. */
  stop(): void;
}

const TOGETHER_MS = 200;

export function startPulse(
  bus: Bus,
  who: {
    readonly worker: string;
    readonly master: string;
    readonly capabilities: readonly string[];
    readonly everyMs: number;
  },
  jobs: ReadonlySet<RunningJob>,
): Pulse {
  let done = 0;
  let failed = 0;
  let draining = false;
  let soon: NodeJS.Timeout | undefined;
  let saidAt = 0;
  let cpu = process.cpuUsage();
  let cpuAt = performance.now();
  const load = () => {
    const used = process.cpuUsage(cpu);
    const elapsed = performance.now() - cpuAt;
    cpu = process.cpuUsage();
    cpuAt = performance.now();
    const share = (used.user + used.system) / 1_000 / Math.max(1, elapsed) / availableParallelism();
    return Math.min(1, Math.round(share * 1_000) / 1_000);
  };
  const say = () => {
    clearTimeout(soon);
    soon = undefined;
    saidAt = Date.now();
    if (bus.nc.isClosed() || bus.state() !== 'connected') return;
    const running = [...jobs];
    const first = running[0];
    const asking = running.filter((job) => job.asking).map((job) => job.job.task.id);
    const own = running.flatMap((job) => [...job.gauges].filter(([, value]) => Number.isFinite(value)));
    const message: Telemetry = {
      worker: who.worker,
      master: who.master,
      at: new Date().toISOString(),
      status: draining ? 'draining' : first ? 'busy' : 'idle',
      ...(first ? { task: first.job.task.id } : {}),
      ...(running.length > 1 ? { tasks: running.map((job) => job.job.task.id) } : {}),
      ...(asking.length > 0 ? { asking } : {}),
      ...(who.capabilities.length > 0 ? { capabilities: [...who.capabilities] } : {}),
      gauges: {
        ...Object.fromEntries(own),
        cpu: load(),
        memory_mb: Math.round(process.memoryUsage.rss() / 1_048_576),
        tasks_done: done,
        tasks_failed: failed,
        in_flight: running.length,
      },
    };
    bus.nc.publish(bus.subjects.telemetry(who.worker), encodeMessage(message), {
      headers: eventHeaders({ type: EVENT_TYPES.telemetry, source: `/cortex/${bus.instance}` }),
    });
  };
  const timer = setInterval(say, who.everyMs);
  say();
  return {
    changed() {
      soon ??= setTimeout(say, Math.max(0, saidAt + TOGETHER_MS - Date.now()));
    },
    finished(result) {
      if (result === 'done') done++;
      else failed++;
    },
    drain() {
      draining = true;
      say();
    },
    stop() {
      clearInterval(timer);
      say();
    },
  };
}

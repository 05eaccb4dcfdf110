// What the leading watchdog sees of the whole fleet, as gauges: backlogs, streams, workers, open alerts. The one thing to know: only the leader
// says them, and takes them back when another leads, so that sums over all processes are right.
import { type Bus, observe, type Reading } from '@cortex/bus';
import { STREAM_NAMES } from '@cortex/schemas';
import type { OpenAlert } from './alerts/book.js';
import type { Backlog } from './events.js';
import type { WatchState } from './state.js';

/** A worker that was not heard for so long is not counted. */
const SILENT_MS = 30_000;
/** Between two looks at the sizes of streams. */
const STREAMS_MS = 5_000;

export interface FleetMeasures {
  /** How consumers stood when they were last looked at. */
  looked(backlogs: readonly Backlog[]): void;
  stop(): void;
}

interface StreamSize {
  readonly stream: string;
  readonly messages: number;
  readonly bytes: number;
  /** Bytes it may keep; 0 or less: no limit. */
  readonly limit: number;
}

export function measureFleet(
  bus: Bus,
  leads: () => boolean,
  state: () => WatchState,
  open: () => Iterable<OpenAlert>,
): FleetMeasures {
  let backlogs: readonly Backlog[] = [];
  let streams: readonly StreamSize[] = [];
  const work = (read: (backlog: Backlog) => number): Reading<'waiting' | 'held'>[] =>
    backlogs.flatMap((backlog) =>
      backlog.master === undefined
        ? []
        : [[read(backlog), { master: backlog.master, priority: backlog.consumer.replace(/^.*-/, '') }] as const],
    );
  const led =
    <T>(read: () => readonly T[]) =>
    () =>
      leads() ? read() : [];
  const ends = [
    observe(
      'pending',
      led(() => backlogs.map((b) => [b.pending, { stream: b.stream, consumer: b.consumer }] as const)),
    ),
    observe(
      'ackPending',
      led(() => backlogs.map((b) => [b.ackPending, { stream: b.stream, consumer: b.consumer }] as const)),
    ),
    observe(
      'waiting',
      led(() => work((b) => b.pending)),
    ),
    observe(
      'held',
      led(() => work((b) => b.ackPending)),
    ),
    observe(
      'streamMessages',
      led(() => streams.map((s) => [s.messages, { stream: s.stream }] as const)),
    ),
    observe(
      'streamBytes',
      led(() => streams.map((s) => [s.bytes, { stream: s.stream }] as const)),
    ),
    observe(
      'streamLimit',
      led(() => streams.flatMap((s) => (s.limit > 0 ? [[s.limit, { stream: s.stream }] as const] : []))),
    ),
    observe(
      'workers',
      led(() => workerCounts(state(), Date.now())),
    ),
    observe(
      'alertsOpen',
      led(() => {
        const bySeverity = new Map<string, number>(['info', 'warning', 'critical'].map((severity) => [severity, 0]));
        for (const { severity, folded } of open())
          if (!folded) bySeverity.set(severity, (bySeverity.get(severity) ?? 0) + 1);
        return [...bySeverity].map(([severity, n]) => [n, { severity }] as const);
      }),
    ),
  ];
  const look = () => {
    if (leads() && bus.state() === 'connected') void readStreams(bus).then((next) => (streams = next));
  };
  const timer = setInterval(look, STREAMS_MS);
  return {
    looked(next) {
      backlogs = next;
    },
    stop() {
      clearInterval(timer);
      for (const end of ends) end();
    },
  };
}

function workerCounts({ workers }: WatchState, now: number): Reading<'workers'>[] {
  const counts = new Map<string, { n: number; master: string; status: string }>();
  for (const { master, status, heardAt } of workers.values()) {
    if (now - heardAt > SILENT_MS) continue;
    const key = `${master}\0${status}`;
    const entry = counts.get(key) ?? { n: 0, master, status };
    entry.n++;
    counts.set(key, entry);
  }
  return [...counts.values()].map(({ n, master, status }) => [n, { master, status }] as const);
}

/** How full the streams are. */
async function readStreams(bus: Bus): Promise<StreamSize[]> {
  const found: StreamSize[] = [];
  for (const name of STREAM_NAMES) {
    const info = await bus.jsm.streams.info(bus.subjects.stream(name)).catch(() => undefined);
    if (info)
      found.push({
        stream: name,
        messages: info.state.messages,
        bytes: info.state.bytes,
        limit: info.config.max_bytes ?? 0,
      });
  }
  return found;
}

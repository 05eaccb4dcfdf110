// What each master did lately: rolling success, minutes and tokens, tasks in hand, freshness. Pure; fed by events, asked for a moment.
// The one thing to know: training replays the log through this very class (`lives.ts`) and serving feeds it live (`records.ts`), so a
// figure means the same to both.

/** What is known of a master at a moment. Every field may be missing: that is normal. */
export interface MasterHistory {
  /** Share of its recent tasks that succeeded, 0 to 1. */
  success?: number;
  /** Median minutes of its recent tasks. */
  minutes?: number;
  /** Median tokens of its recent tasks. */
  tokens?: number;
  /** Tasks in hand for each worker that lately finished one (1 where none did): 0 = idle. */
  load?: number;
  /** Hours since its last finished task. */
  freshnessHours?: number;
  /** How many finished tasks the figures above rest on, at most 20. */
  tasks?: number;
}

/** By master. Who is not in it is not known. */
export type Histories = Readonly<Record<string, MasterHistory>>;

/** How a finished task went. */
export interface Work {
  readonly success: boolean;
  readonly minutes?: number;
  readonly tokens?: number;
  readonly worker?: string;
}

/** Tasks that rolling figures rest on, and for how long a task counts. */
const RECENT = 20;
export const WINDOW_MS = 7 * 86_400_000;
const HOUR_MS = 3_600_000;
/** Masters in one answer, the latest active ones: a row of a thousand masters would be a hundred kilobytes. */
export const MOST_MASTERS = 50;

interface Finished extends Work {
  readonly task: string;
  readonly at: number;
}

interface Track {
  /** Tasks in hand, by id, and since when. */
  readonly open: Map<string, number>;
  /** Ascending in time, at most RECENT. */
  readonly recent: Finished[];
  lastActive: number;
  /** Figures of `recent`; undefined when it changed. */
  figures?: { readonly history: MasterHistory; readonly workers: number };
}

export class TrackRecords {
  private readonly tracks = new Map<string, Track>();
  /** Who has a task in hand: a decision that moves it takes it from there. */
  private readonly holder = new Map<string, string>();

  /** A task was given to a master. `at`: milliseconds since 1970. */
  decided(task: string, master: string, at: number): void {
    const held = this.holder.get(task);
    if (held !== undefined) this.tracks.get(held)?.open.delete(task);
    const track = this.track(master);
    track.open.set(task, at);
    track.lastActive = Math.max(track.lastActive, at);
    this.holder.set(task, master);
  }

  /** A task came to its end. @param work absent where nobody did it: cancelled, expired, given up. Said twice, it counts once. */
  ended(task: string, master: string, at: number, work?: Work): void {
    const held = this.holder.get(task);
    if (held !== undefined) this.tracks.get(held)?.open.delete(task);
    this.holder.delete(task);
    if (!work) return;
    const track = this.track(master);
    const { recent } = track;
    if (recent.some((one) => one.task === task)) return;
    let place = recent.length;
    while (place > 0 && recent[place - 1]!.at > at) place--;
    recent.splice(place, 0, { ...work, task, at });
    if (recent.length > RECENT) recent.shift();
    track.lastActive = Math.max(track.lastActive, at);
    delete track.figures;
  }

  /** Everybody's history at `now`, milliseconds since 1970; the `MOST_MASTERS` that were active last. */
  at(now: number): Histories {
    const since = now - WINDOW_MS;
    const active: [string, Track][] = [];
    for (const entry of this.tracks) {
      if (entry[1].lastActive >= since) active.push(entry);
    }
    if (active.length > MOST_MASTERS) active.sort((a, b) => b[1].lastActive - a[1].lastActive);
    // From entries, so that a master may be called anything, "__proto__" too.
    return Object.fromEntries(
      active.slice(0, MOST_MASTERS).map(([master, track]) => [master, this.historyOf(track, now)]),
    );
  }

  private historyOf(track: Track, now: number): MasterHistory {
    const { recent, open } = track;
    while (recent.length > 0 && recent[0]!.at < now - WINDOW_MS) {
      recent.shift();
      delete track.figures;
    }
    // Whatever is in hand since before the window was lost sight of.
    for (const [task, since] of open) {
      if (since >= now - WINDOW_MS) break;
      open.delete(task);
      this.holder.delete(task);
    }
    track.figures ??= figuresOf(recent);
    const { history, workers } = track.figures;
    const last = recent.at(-1);
    return {
      ...history,
      load: rounded(open.size / Math.max(1, workers)),
      ...(last ? { freshnessHours: rounded(Math.max(0, now - last.at) / HOUR_MS) } : {}),
    };
  }

  private track(master: string): Track {
    let track = this.tracks.get(master);
    if (!track) {
      track = { open: new Map(), recent: [], lastActive: Number.NEGATIVE_INFINITY };
      this.tracks.set(master, track);
    }
    return track;
  }
}

function figuresOf(recent: readonly Finished[]): { history: MasterHistory; workers: number } {
  const workers = new Set(recent.flatMap(({ worker }) => (worker === undefined ? [] : [worker]))).size;
  if (recent.length === 0) return { history: {}, workers };
  const minutes = median(recent.flatMap((one) => (one.minutes === undefined ? [] : [one.minutes])));
  const tokens = median(recent.flatMap((one) => (one.tokens === undefined ? [] : [one.tokens])));
  return {
    history: {
      success: rounded(recent.filter(({ success }) => success).length / recent.length),
      ...(minutes === undefined ? {} : { minutes: rounded(minutes) }),
      ...(tokens === undefined ? {} : { tokens: rounded(tokens) }),
      tasks: recent.length,
    },
    workers,
  };
}

function median(values: number[]): number | undefined {
  values.sort((a, b) => a - b);
  const { length } = values;
  return length === 0 ? undefined : (values[(length - 1) >> 1]! + values[length >> 1]!) / 2;
}

/** Four digits are plenty for a network, and keep rows short. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

const FIELDS = ['success', 'minutes', 'tokens', 'load', 'freshnessHours', 'tasks'] as const;

/** Histories as a row of a file gives them; unknown fields are passed over. A sentence says what is wrong with others. */
export function readHistories(value: unknown): Histories | string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'an object by master is expected';
  const read: [string, MasterHistory][] = [];
  for (const [master, given] of Object.entries(value)) {
    if (typeof given !== 'object' || given === null) return `"${master}": an object of numbers is expected`;
    const history: MasterHistory = {};
    for (const field of FIELDS) {
      const number = (given as Record<string, unknown>)[field];
      if (number === undefined || number === null) continue;
      if (typeof number !== 'number' || !(number >= 0)) return `"${master}".${field}: a number from 0 on is expected`;
      history[field] = number;
    }
    read.push([master, history]);
  }
  return Object.fromEntries(read);
}

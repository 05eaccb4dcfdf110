// What went before, when rows say when they were: the master's latest results, its pace, the hour and the weekday.
// The one thing to know: only rows strictly earlier than `at` count, so no row sees its own or a later outcome.

const KEPT_PER_MASTER = 400;
const WINDOW = 20;
const DAY = 86_400_000;

export const HISTORY_FEATURES = [
  'hour',
  'weekday',
  'master rows before',
  'log days since',
  'rolling target of master',
  'rolling target of all',
] as const;

/** Ascending times with targets, for each master and (under '') for all. */
export interface History {
  tracks: Record<string, { at: number[]; target: number[] }>;
}

export function fitHistory(
  masters: readonly string[],
  times: readonly (number | undefined)[],
  targets: ArrayLike<number>,
  kept = Number.POSITIVE_INFINITY,
): History {
  const timed = masters.flatMap((master, r) =>
    times[r] === undefined ? [] : [{ master, at: times[r]!, y: targets[r]! }],
  );
  timed.sort((a, b) => a.at - b.at);
  const tracks = new Map<string, { at: number[]; target: number[] }>();
  for (const { master, at, y } of timed) {
    for (const name of ['', `=${master}`]) {
      const track = tracks.get(name) ?? { at: [], target: [] };
      track.at.push(at);
      track.target.push(y);
      tracks.set(name, track);
    }
  }
  for (const track of tracks.values()) {
    track.at = track.at.slice(-kept);
    track.target = track.target.slice(-kept);
  }
  return { tracks: Object.fromEntries(tracks) };
}

/** The part of a history that serving keeps. */
export function recentHistory(history: History): History {
  const cut = ([name, t]: [string, { at: number[]; target: number[] }]) =>
    [name, { at: t.at.slice(-KEPT_PER_MASTER), target: t.target.slice(-KEPT_PER_MASTER) }] as const;
  return { tracks: Object.fromEntries(Object.entries(history.tracks).map(cut)) };
}

/** Adds a result while serving; only where the model learned from a history, and never more than is kept. */
export function extendHistory(history: History, master: string, at: number, target: number): void {
  if (!history.tracks['']) return;
  for (const name of ['', `=${master}`]) {
    history.tracks[name] ??= { at: [], target: [] };
    const track = history.tracks[name];
    const place = earlier(track.at, at);
    track.at.splice(place, 0, at);
    track.target.splice(place, 0, target);
    if (track.at.length > KEPT_PER_MASTER) {
      track.at.shift();
      track.target.shift();
    }
  }
}

/** One number for each of HISTORY_FEATURES; all NaN when no row ever had a time. */
export function historyFeatures(history: History, master: string, at: number | undefined): number[] {
  const all = history.tracks[''];
  if (!all?.at.length) return HISTORY_FEATURES.map(() => Number.NaN);
  const own = Object.hasOwn(history.tracks, `=${master}`) ? history.tracks[`=${master}`] : undefined;
  const now = at ?? Number.POSITIVE_INFINITY;
  const before = own ? earlier(own.at, now) : 0;
  const since = own && before && at !== undefined ? Math.log1p((at - own.at[before - 1]!) / DAY) : Number.NaN;
  return [
    at === undefined ? Number.NaN : Math.floor((at % DAY) / 3_600_000),
    at === undefined ? Number.NaN : Math.floor(at / DAY) % 7,
    Math.log1p(before),
    since,
    own ? rolling(own.target, before) : Number.NaN,
    rolling(all.target, earlier(all.at, now)),
  ];
}

function earlier(ascending: readonly number[], at: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

function rolling(targets: readonly number[], end: number): number {
  const start = Math.max(0, end - WINDOW);
  let sum = 0;
  for (let i = start; i < end; i++) sum += targets[i]!;
  return end > start ? sum / (end - start) : Number.NaN;
}

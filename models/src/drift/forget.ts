// After the world changed: when it did, and which rows teach what is no longer so. Pure.
export interface DatedRow {
  readonly label: string | null;
  /** Milliseconds since the epoch; undefined: from before everything else. */
  readonly at?: number | undefined;
}

/**
 * Where in a series of zeros and ones the rate most likely changed: the index of the first row of the new time, by maximum likelihood over all
 * splits (Hinkley 1970). Undefined when no split explains the series better by `least` (in logarithms, default 9) than no change.
 */
export function changePoint(series: readonly number[], least = 9): number | undefined {
  const total = series.reduce((sum, x) => sum + x, 0);
  const likelihood = (ones: number, rows: number) =>
    ones === 0 || ones === rows ? 0 : ones * Math.log(ones / rows) + (rows - ones) * Math.log(1 - ones / rows);
  const none = likelihood(total, series.length);
  let best = least;
  let at: number | undefined;
  let before = 0;
  for (let i = 1; i < series.length; i++) {
    before += series[i - 1] ?? 0;
    const gain = likelihood(before, i) + likelihood(total - before, series.length - i) - none;
    if (gain > best) {
      best = gain;
      at = i;
    }
  }
  return at;
}

/** The rows without those of masters that changed, from before they did. Rows of all other masters stay. */
export function forgetChanged<T extends DatedRow>(rows: readonly T[], changed: ReadonlyMap<string, number>): T[] {
  return rows.filter(({ label, at }) => {
    const since = label === null ? undefined : changed.get(label);
    return since === undefined || (at ?? 0) >= since;
  });
}

/**
 * Which masters changed, and when, from outcomes in the order of time: `master` is who did the task, `failed` is 1 or 0. Only a change for the
 * worse counts.
 */
export function changedMasters(
  outcomes: readonly { readonly master: string; readonly at: number; readonly failed: number }[],
): Map<string, number> {
  const byMaster = new Map<string, { at: number; failed: number }[]>();
  for (const { master, at, failed } of outcomes) {
    const own = byMaster.get(master) ?? [];
    byMaster.set(master, own);
    own.push({ at, failed });
  }
  const changed = new Map<string, number>();
  for (const [master, own] of byMaster) {
    const split = changePoint(own.map(({ failed }) => failed));
    if (split === undefined) continue;
    const rate = (part: typeof own) => part.reduce((sum, { failed }) => sum + failed, 0) / part.length;
    if (rate(own.slice(split)) > rate(own.slice(0, split))) changed.set(master, own[split]?.at ?? 0);
  }
  return changed;
}

// How each master does, from the tasks in view. "Right" is only what somebody or an outcome said: a correction, or a success
// that nobody corrected. A failure without a correction says nothing about the routing.
import type { Master } from '@cortex/schemas';
import type { MasterFlow, MasterReport, MastersAnswer, Overlap, TaskRow, WorkerRow } from '../wire.js';

const EXAMPLES = 6;
const BINS = 10;
/** Two masters were close when the second was within this of the first. */
const CLOSE = 0.2;
const MOST_OVERLAPS = 30;

export interface ReportFacts {
  readonly masters: readonly Master[];
  readonly rows: Iterable<TaskRow>;
  readonly flows: readonly MasterFlow[];
  readonly workers: readonly WorkerRow[];
}

/** Whether the decision was right; undefined when nobody knows. */
export function wasRight(row: TaskRow): boolean | undefined {
  if (row.corrected !== null) return row.corrected === row.master;
  return row.success === true ? true : undefined;
}

export function mastersReport(facts: ReportFacts): MastersAnswer {
  const byMaster = new Map<string, TaskRow[]>();
  const missed = new Map<string, number>();
  const pairs = new Map<string, { close: number; corrected: number }>();
  for (const row of facts.rows) {
    const mine = byMaster.get(row.master);
    if (mine) mine.push(row);
    else byMaster.set(row.master, [row]);
    const other = row.corrected !== null && row.corrected !== row.master ? row.corrected : undefined;
    if (other !== undefined) {
      missed.set(other, (missed.get(other) ?? 0) + 1);
      pair(pairs, row.master, other).corrected++;
    }
    if (row.runner && row.confidence !== null && Math.abs(row.confidence - row.runner[1]) < CLOSE && !row.review)
      pair(pairs, row.master, row.runner[0]).close++;
  }
  const reports = facts.masters.map((master): MasterReport => {
    const mine = byMaster.get(master.name) ?? [];
    const settled = mine.filter((row) => row.state === 'settled');
    const sure = mine.flatMap((row) => (row.confidence === null ? [] : [row.confidence]));
    return {
      master,
      flow: facts.flows.find((flow) => flow.master === master.name) ?? null,
      figures: {
        tasks: mine.length,
        open: mine.filter((row) => !['settled', 'cancelled', 'expired'].includes(row.state)).length,
        settled: settled.length,
        succeeded: settled.filter((row) => row.success).length,
        taken_away: mine.filter((row) => wasRight(row) === false).length,
        missed: missed.get(master.name) ?? 0,
        mean_confidence: sure.length === 0 ? null : sure.reduce((a, b) => a + b, 0) / sure.length,
      },
      calibration: calibration(mine),
      examples: mine
        .slice(-EXAMPLES * 4)
        .reverse()
        .filter((row) => row.text !== '')
        .slice(0, EXAMPLES),
      workers: facts.workers.filter((worker) => worker.master === master.name),
    };
  });
  return { masters: reports, overlaps: overlaps(pairs, byMaster) };
}

/** Mean confidence and share of right decisions, in tenths of confidence; empty tenths are left out. */
export function calibration(rows: readonly TaskRow[]): { confidence: number; right: number; of: number }[] {
  const bins = Array.from({ length: BINS }, () => ({ sum: 0, right: 0, of: 0 }));
  for (const row of rows) {
    const right = wasRight(row);
    // A person's choice and a pin are sure by definition.
    if (right === undefined || row.confidence === null || row.method === 'human' || row.method === 'pinned') continue;
    const bin = bins[Math.min(BINS - 1, Math.floor(row.confidence * BINS))];
    if (!bin) continue;
    bin.sum += row.confidence;
    bin.right += right ? 1 : 0;
    bin.of++;
  }
  return bins
    .filter((bin) => bin.of > 0)
    .map((bin) => ({ confidence: bin.sum / bin.of, right: bin.right / bin.of, of: bin.of }));
}

function pair(pairs: Map<string, { close: number; corrected: number }>, a: string, b: string) {
  const key = JSON.stringify([a, b].sort());
  const there = pairs.get(key) ?? { close: 0, corrected: 0 };
  pairs.set(key, there);
  return there;
}

function overlaps(
  pairs: ReadonlyMap<string, { close: number; corrected: number }>,
  byMaster: ReadonlyMap<string, readonly TaskRow[]>,
): Overlap[] {
  return [...pairs]
    .map(([key, counts]): Overlap => {
      const [a = '', b = ''] = JSON.parse(key) as string[];
      return { a, b, ...counts, of: (byMaster.get(a)?.length ?? 0) + (byMaster.get(b)?.length ?? 0) };
    })
    .sort((x, y) => y.corrected * 3 + y.close - (x.corrected * 3 + x.close))
    .slice(0, MOST_OVERLAPS);
}

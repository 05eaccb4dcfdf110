// Trials of models as the deployer keeps them (bucket `trials`): watched, turned into what a page draws. The document's shape is the
// deployer's; fields that are not there leave a gap in the picture, never an error.
import { deployerSettingsSchema, type TrialState } from '@cortex/actor-deployer';
import { type Bus, followBucket } from '@cortex/bus';
import { evidenceOf } from '@cortex/models';
import type { TestRow, TrialRow } from '../wire.js';

export interface Trials {
  of(family: string): TrialRow | null;
  families(): string[];
  close(): void;
}

type Path = [number, number, number][];
const MOST_POINTS = 600;
const AGAIN_MS = 2_000;
const { alpha_promote: PROMOTE, alpha_harm: HARM } = deployerSettingsSchema.parse({});

/** Watches all trials; `onChange` after each change. Waits for the bucket when it is not there yet. */
export function watchTrials(bus: Bus, onChange: () => void): Trials {
  const rows = new Map<string, TrialRow>();
  const paths = new Map<string, { candidate: string | undefined; path: Path }>();
  let closed = false;
  let stop: (() => void) | undefined;
  const open = async () => {
    const following = await followBucket(bus, bus.subjects.bucket('trials'), 'deploy.>', ({ key, value }) => {
      const family = key.slice('deploy.'.length);
      if (value !== undefined) {
        const { state } = JSON.parse(new TextDecoder().decode(value)) as { state?: Partial<TrialState> };
        if (state) rows.set(family, trialRow(state as TrialState, grown(paths, family, state as TrialState)));
      } else rows.delete(family);
      onChange();
    });
    stop = () => following.stop();
    if (closed) following.stop();
  };
  const run = async () => {
    while (!closed && !stop) {
      await open().catch(() => undefined);
      if (!closed && !stop) await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  };
  void run();
  return {
    of: (family) => rows.get(family) ?? null,
    families: () => [...rows.keys()],
    close() {
      closed = true;
      stop?.();
    },
  };
}

/** The path of the evidence so far, with this point; a new candidate begins anew. */
function grown(
  paths: Map<string, { candidate: string | undefined; path: Path }>,
  family: string,
  state: TrialState,
): Path {
  const there = paths.get(family);
  const kept = there && there.candidate === state.candidate ? there : { candidate: state.candidate, path: [] };
  paths.set(family, kept);
  const pairs = state.evidence?.pairs;
  if (!pairs) return kept.path;
  const point: Path[number] = [state.evidence.units, round(evidenceOf(pairs.better)), round(evidenceOf(pairs.worse))];
  if (kept.path.at(-1)?.[0] !== point[0]) kept.path.push(point);
  // Every second one goes: the shape stays.
  if (kept.path.length > MOST_POINTS) kept.path = kept.path.filter((_, i) => i % 2 === 0);
  return kept.path;
}

/** What a page draws of a trial. Pure. */
export function trialRow(state: TrialState, path: Path): TrialRow {
  const { evidence, watch } = state;
  const pairs = evidence?.pairs;
  const test = (
    name: string,
    one: { rows: number; logs: readonly number[] } | undefined,
    alpha: number,
    harm: boolean,
  ): TestRow[] =>
    one
      ? [{ name, rows: one.rows, evidence: round(evidenceOf(one as never)), needed: round(Math.log(1 / alpha)), harm }]
      : [];
  const masters = Object.entries(watch?.masters ?? {});
  return {
    phase: state.phase,
    champion: state.champion ?? null,
    candidate: state.candidate ?? null,
    since: state.since,
    units: evidence?.units ?? 0,
    disagreements: pairs?.disagreements ?? 0,
    wins: pairs?.wins ?? 0,
    losses: pairs?.losses ?? 0,
    gain: pairs && pairs.rows > 0 ? pairs.gain / pairs.rows : null,
    tests: [
      ...test('right more often', pairs?.better, PROMOTE, false),
      ...test('right less often', pairs?.worse, HARM / 2, true),
      ...test('lower reward', evidence?.reward?.harm, HARM, true),
      ...test('too slow', evidence?.slow, HARM, true),
      ...test('fails', evidence?.failing, HARM, true),
      ...test('asks people too often', evidence?.asking, HARM, true),
      ...test('surer than right', evidence?.overconfident, HARM, true),
    ],
    path,
    needed: { better: Math.log(1 / PROMOTE), worse: Math.log(2 / HARM) },
    slices: Object.entries(evidence?.slices ?? {})
      .map(([name, { worse }]) => ({ name, rows: worse.rows, gain: worse.rows > 0 ? worse.gain / worse.rows : null }))
      .sort((a, b) => b.rows - a.rows),
    asking: state.asking ?? null,
    waiting: state.waiting?.name ?? null,
    past: [...(state.past ?? [])].reverse(),
    drift: [...(watch?.overall ? ([['all', watch.overall]] as const) : []), ...masters].map(([name, one]) => ({
      name,
      units: one.units,
      recent: one.detector?.recent ?? (one.units > 0 ? one.failures / one.units : null),
      baseline: one.baseline ?? null,
      alarmed: one.detector?.alarmed ?? false,
    })),
  };
}

const round = (x: number) => Math.round(x * 1e4) / 1e4;

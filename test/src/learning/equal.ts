// How often is a model promoted that is no better? The whole trial, with all its looks, on made-up tasks: 200 runs and more.
import { simulate } from '@cortex/actor-deployer';
import { wilson } from '../harness/statistics.js';

export interface EqualReport {
  readonly runs: number;
  readonly tasks: number;
  /** Runs in which the equal challenger got traffic, that is, was called better. */
  readonly called_better: number;
  readonly promoted: number;
  readonly type_1_error: number;
  readonly interval: readonly [number, number];
  /** Runs in which it was called harmful. */
  readonly called_harmful: number;
  /**
   * A challenger made as the champion was, from more rows, need only be proven no worse than by the margin. One that is worse by exactly the margin:
   * how often it gets traffic, which is an error; one that is three points better: how often it is found, beside the same without knowing
   * what it was made of.
   */
  readonly successor: {
    readonly runs: number;
    readonly type_1_error: number;
    readonly interval: readonly [number, number];
    readonly power_three_points: number;
    readonly power_three_points_unknown: number;
  };
  /** The same for a challenger ten points better: how often it is found in as many tasks. */
  readonly power_ten_points: number;
}

export function runEqual(runs: number, tasks: number): EqualReport {
  let better = 0;
  let promoted = 0;
  let harmful = 0;
  let found = 0;
  for (let seed = 1; seed <= runs; seed++) {
    const run = simulate({ champion: 0.7, challenger: 0.7, tasks, seed });
    const later = run.path.slice(1);
    if (later.some((event) => event.startsWith('canary'))) better++;
    if (later.includes('promoted')) promoted++;
    if (run.state.past.some(({ ended }) => ended === 'rolled-back')) harmful++;
    if (seed <= runs / 4 && simulate({ champion: 0.7, challenger: 0.8, tasks, seed }).path.includes('canary 0.05'))
      found++;
  }
  const margin = 0.02;
  const gets = (challenger: number, successor: boolean, seed: number) =>
    simulate({ champion: 0.7, challenger, successor, tasks, seed }).path.includes('canary 0.05');
  const share = (count: number, found: (seed: number) => boolean) =>
    Array.from({ length: count }, (_, i) => found(i + 1)).filter(Boolean).length / count;
  const worse = share(runs, (seed) => gets(0.7 - margin, true, seed));
  const few = Math.ceil(runs / 4);
  return {
    successor: {
      runs,
      type_1_error: worse,
      interval: wilson(Math.round(worse * runs), runs),
      power_three_points: share(few, (seed) => gets(0.73, true, seed)),
      power_three_points_unknown: share(few, (seed) => gets(0.73, false, seed)),
    },
    runs,
    tasks,
    called_better: better,
    promoted,
    type_1_error: better / runs,
    interval: wilson(better, runs),
    called_harmful: harmful,
    power_ten_points: found / Math.floor(runs / 4),
  };
}

// A trial without a bus: made-up tasks, two models of known skill, outcomes as people give them. For tests, and for the printed error rate.
import { seededRandom } from '@cortex/models';
import type { Judged, Said } from '../judged.js';
import { step } from '../machine.js';
import { type DeployerSettings, type DeployerSettingsInput, deployerSettingsSchema } from '../settings.js';
import { newState, type TrialEvent, type TrialState } from '../state.js';

export interface Simulation {
  /** Chance of the champion, and of the challenger, to name the right one of eight masters. */
  readonly champion: number;
  readonly challenger: number;
  /** Chance of the challenger for tasks of one source in five; default: the same as everywhere. */
  readonly slice?: number;
  /** The challenger is made as the champion was, from more rows. Default: nobody knows what either was made of. */
  readonly successor?: boolean;
  readonly latencyMs?: number;
  /** Share of its answers that are no answer. */
  readonly failing?: number;
  readonly tasks: number;
  readonly seed: number;
  /** Chance that a failure is corrected, that an outcome is wrong, that there is none. Default 0.2, 0.05, 0.1. */
  readonly corrected?: number;
  readonly wrong?: number;
  readonly missing?: number;
  readonly settings?: DeployerSettingsInput;
}

export interface Simulated {
  readonly state: TrialState;
  /** Events of aliases in order, such as `canary 0.25`. */
  readonly path: readonly string[];
  /** Tasks that the challenger decided wrongly and the champion would have decided rightly. */
  readonly harmed: number;
  /** Highest share it ever had. */
  readonly share: number;
  /** Task after which the trial ended; undefined: it had not. */
  readonly endedAt?: number;
}

const MASTERS = 8;

export function simulate(options: Simulation): Simulated {
  const settings: DeployerSettings = deployerSettingsSchema.parse({
    stage_ms: 0,
    outcome_age_ms: 0,
    ...options.settings,
  });
  const random = seededRandom(options.seed);
  let at = Date.UTC(2026, 0, 1);
  let state = newState('sim');
  let revision = 0;
  let aliases: TrialState['aliases'] = { share: 0 };
  const path: string[] = [];
  let harmed = 0;
  let share = 0;
  let endedAt: number | undefined;
  const feed = (event: TrialEvent) => {
    state = step(state, event, settings);
    // What the shell does: aliases, then notices.
    while (state.wanted) {
      const { champion, challenger, shadow, share: wanted, event: name } = state.wanted;
      aliases = { champion, challenger, shadow, share: wanted };
      share = Math.max(share, wanted);
      path.push(name === 'canary' ? `canary ${wanted}` : name);
      state = step(state, { kind: 'aliases', aliases, frozen: false, revision: ++revision, by: 'sim', at }, settings);
    }
    state = step(state, { kind: 'delivered', notices: state.outbox.map(({ id }) => id), at }, settings);
  };
  const learnt = (number: number) => (options.successor ? { learnt: { rows: 100 * number, code: 'sim' } } : {});
  const candidate = (number: number) => {
    const version = { name: `sim@${number}`, metrics: {}, ...learnt(number) };
    feed({ kind: 'candidate', version, number, createdAt: at, at });
  };
  candidate(1);
  candidate(2);
  for (let task = 0; task < options.tasks; task++) {
    at += 1_000;
    const source = ['a', 'b', 'c', 'd', 'e'][Math.floor(random() * 5)] as string;
    const truth = Math.floor(random() * MASTERS);
    const guess = (skill: number) =>
      random() < skill ? truth : (truth + 1 + Math.floor(random() * (MASTERS - 1))) % MASTERS;
    // Half of the tasks are easy or hard for both: models of one kind mostly agree.
    const common = guess(options.champion);
    const champion = random() < 0.5 ? common : guess(options.champion);
    const skill = source === 'a' ? (options.slice ?? options.challenger) : options.challenger;
    const alike = skill === options.champion && random() < 0.5;
    const challenger = alike ? common : guess(skill);
    const broken = random() < (options.failing ?? 0);
    const decides = aliases.challenger === 'sim@2' && random() < aliases.share;
    const by = aliases.champion === 'sim@2' || (decides && !broken) ? 'sim@2' : 'sim@1';
    const choice = by === 'sim@2' ? challenger : champion;
    if (by === 'sim@2' && challenger !== truth && champion === truth) harmed++;
    const onTrial = aliases.challenger === 'sim@2' || aliases.shadow !== undefined;
    const said: Record<string, Said> = {};
    if (by === 'sim@1' || onTrial)
      said['sim@1'] = { master: `m${champion}`, confidence: options.champion, latencyMs: 5, asked: false };
    if (by === 'sim@2' || onTrial)
      said['sim@2'] = broken
        ? { latencyMs: 5, asked: false, error: 'its odds are NaN' }
        : { master: `m${challenger}`, confidence: options.challenger, latencyMs: options.latencyMs ?? 5, asked: false };
    const observed = {
      task: `t${task}`,
      at,
      assigned: decides ? 'sim@2' : by,
      by,
      master: `m${choice}`,
      explored: false,
      propensity: 1,
      said,
      slices: { source },
    };
    const under = state.candidate;
    feed({ kind: 'decided', observed, at });
    const flipped = random() < (options.wrong ?? 0.05);
    const success = (choice === truth) !== flipped;
    const silent = random() < (options.missing ?? 0.1);
    const corrected = !silent && !success && choice !== truth && random() < (options.corrected ?? 0.2);
    const known = corrected ? `m${truth}` : success ? `m${choice}` : undefined;
    const right: Record<string, boolean> = {};
    if (!silent)
      for (const [version, { master }] of Object.entries(said)) {
        if (master === undefined) continue;
        if (known !== undefined) right[version] = master === known;
        else if (master === `m${choice}`) right[version] = false;
      }
    const judged: Judged = {
      ...observed,
      right,
      executed: by,
      corrected,
      ...(silent ? {} : { success }),
      reward: !silent && success ? 1 : 0,
    };
    feed({ kind: 'judged', judged, at });
    if (endedAt === undefined && under === 'sim@2' && state.candidate === undefined) endedAt = task;
  }
  return { state, path, harmed, share, ...(endedAt === undefined ? {} : { endedAt }) };
}

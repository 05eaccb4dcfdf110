// Every setting of the deployer with its default, unit and effect. `preset: 'legacy'` is the rule of older Cortex installations.
import { z } from 'zod';

const chance = z.number().gt(0).lt(1);

export const deployerSettingsSchema = z.strictObject({
  /** Families whose new versions are tried by themselves. Default: router, predictor, anomaly. */
  families: z.array(z.string().min(1)).min(1).default(['router', 'predictor', 'anomaly']),
  /** Families that no decision is split by: their versions serve once they pass the offline gate. Default: predictor, anomaly. */
  gate_only: z.array(z.string().min(1)).default(['predictor', 'anomaly']),
  /**
   * `proof`: shadow until proven better, then canary by evidence. `legacy`: at once 10 % of the traffic, promoted after 100 tasks each with
   * quality +0.2 of 5 and completion +5 points. Default `proof`.
   */
  preset: z.enum(['proof', 'legacy']).default('proof'),
  /** `auto`, or `hand`: a person is asked (review of kind `model`) before a version gets traffic and before it serves. Default `auto`. Live key `deployer.approve`. */
  approve: z.enum(['auto', 'hand']).default('auto'),
  /** Milliseconds after its decision at which a task is judged, with what is known then; nothing known is a class of its own. Default one hour. */
  outcome_age_ms: z.number().int().min(0).default(3_600_000),
  /** Shares of the traffic that a canary goes through, rising. Default 5 %, 25 %, 50 %. */
  shares: z.array(chance).min(1).max(10).default([0.05, 0.25, 0.5]),
  /** Judged tasks of the challenger that each share needs. Default 20, 50, 100. */
  units: z.array(z.number().int().min(1)).min(1).max(10).default([20, 50, 100]),
  /** Milliseconds each share lasts at least. Default 10 minutes. */
  stage_ms: z.number().int().min(0).default(600_000),
  /** Most judged tasks of a shadow that is not proven better; then it is retired. Default 20,000. */
  shadow_units: z.number().int().min(1).default(20_000),
  /** Judged tasks after which a shadow that is not half-way to its proof gives way to a newer version that waits. Default 500. */
  supersede_units: z.number().int().min(1).default(500),
  /** Judged tasks of its own that a version needs beside what it inherited from the ones before it of its line. Default 100. */
  own_units: z.number().int().min(1).default(100),
  /**
   * Share of all tasks, 0 to 1. A version of the champion's own line (the same code, more rows) is promoted once it is proven not to be worse by this.
   * Default 0.02. 0: such a version too has to be proven better.
   */
  successor_margin: z.number().min(0).max(0.2).default(0.02),
  /** Judged tasks for which a new champion is compared with the one before, who watches. Default 500. */
  probation_units: z.number().int().min(0).default(500),
  /** Chance that a version which is no better is promoted. Default 0.05. */
  alpha_promote: chance.default(0.05),
  /** Chance, per kind of harm, that a version which does none is rolled back. Default 0.01. */
  alpha_harm: chance.default(0.01),
  /** A loss of reward (0 to 1) that is no harm. Default 0.02. */
  margin: z.number().min(0).max(1).default(0.02),
  /** What counts as reward: success, quality (0 to 1), short work, few tokens. Only the ratio matters. Default 1, 0.3, 0.1, 0.1. */
  reward: z
    .strictObject({
      success: z.number().min(0).default(1),
      quality: z.number().min(0).default(0.3),
      minutes: z.number().min(0).default(0.1),
      tokens: z.number().min(0).default(0.1),
    })
    .prefault({}),
  /** Milliseconds above which an answer is slow, where the other version was not. Default 250. */
  slow_ms: z.number().gt(0).default(250),
  /**
   * Shares of decisions that may be slow, fail, or ask a person more often than the champion does. Default 0.05, 0.05, 0.2;
   * and by how much it may be surer of itself than it is right: 0.15.
   */
  allowed: z
    .strictObject({
      slow: z.number().min(0).max(0.9).default(0.05),
      failing: z.number().min(0).max(0.9).default(0.05),
      asking: z.number().min(0).max(0.9).default(0.2),
      overconfident: z.number().min(0).max(0.9).default(0.15),
    })
    .prefault({}),
  /** Milliseconds a candidate has to be loaded by the routers; where it is missing later, it fails. Default 60,000. */
  load_ms: z.number().int().min(0).default(60_000),
  /** Points of held-out accuracy by which a candidate may lie behind the champion's own figure and still be tried. Default 0.03. */
  gate_tolerance: z.number().min(0).max(1).default(0.03),
  /** Judged tasks from which the champion's usual rate of failure is taken, for the alarm when it rises. Default 200. */
  baseline_units: z.number().int().min(20).default(200),
  /** Judged tasks between two false alarms of that kind, on average at least. Default 20,000. */
  run_length: z.number().min(100).default(20_000),
  /** Days after which a champion counts as old. Default 30. 0: never. */
  fresh_days: z.number().min(0).default(30),
  /** Milliseconds between two looks at time and registry. Default 1,000. */
  tick_ms: z.number().int().min(20).default(1_000),
  /** Decisions held while they wait for their age, at most: more wait in the log. Default 50,000. */
  waiting: z.number().int().min(100).max(1_000_000).default(50_000),
});
export type DeployerSettings = z.output<typeof deployerSettingsSchema>;
export type DeployerSettingsInput = z.input<typeof deployerSettingsSchema>;

export const LEGACY = {
  share: 0.1,
  units: 100,
  /** Of 5. */
  quality: 0.2,
  completion: 0.05,
  /** Judged tasks of the challenger after which it is retired when it is not better. */
  most: 1_000,
} as const;

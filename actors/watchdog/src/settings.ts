// Every setting of the watchdog with its default, unit and effect. `watchdog.*` keys of the live settings override those marked live.
import { z } from 'zod';
import { DEFAULT_THRESHOLDS } from './finding.js';
import { scalingSchema } from './scaling/scaling.js';

const ms = (value: number) => z.number().int().min(50).default(value);
const share = (value: number) => z.number().min(0).max(1).default(value);
const t = DEFAULT_THRESHOLDS;

export const thresholdsSchema = z.object({
  /** A task waits at most so long beside an idle worker, ms. */
  pendingMs: ms(t.pendingMs),
  /** Without history, prediction or budget a task may run so long, ms. */
  runningMs: ms(t.runningMs),
  /** However quick its kind is, a task may run so long, ms. */
  runningLeastMs: ms(t.runningLeastMs),
  /** However quick its kind is, a worker may stand still so long, ms. */
  stillLeastMs: ms(t.stillLeastMs),
  /** A busy worker may stand still so long when nothing is known of its kind, ms. */
  frozenMs: ms(t.frozenMs),
  /** An idle worker may leave work lying so long, ms. */
  idleMs: ms(t.idleMs),
  /** Share of a task's token budget that warns. */
  tokensWarn: share(t.tokensWarn),
  /** Share of a task's token budget that stops it. */
  tokensStop: share(t.tokensStop),
  /** A queue is looked at over so long, ms. */
  queueMs: ms(t.queueMs),
  /** Least waiting tasks for a queue to count as growing. */
  queueLeast: z.number().int().min(1).default(t.queueLeast),
  /** Second and later attempts of a master within a minute that make a storm. */
  retries: z.number().int().min(2).default(t.retries),
  /** A clock may be off by so much, ms. */
  skewMs: ms(t.skewMs),
  /** Repetitions of old messages within a minute that make a replay. */
  repeats: z.number().int().min(2).default(t.repeats),
  /** An actor with work before it may stand still so long, ms. */
  wedgedMs: ms(t.wedgedMs),
});

export const MODES = ['act', 'dry-run', 'watch'] as const;
export type Mode = (typeof MODES)[number];

export const watchdogSettingsSchema = z.strictObject({
  /** `act` mends by itself; `dry-run` only says what it would do; `watch` only raises alerts. Live key `watchdog.mode`. */
  mode: z.enum(MODES).default('act'),
  /** Thresholds of the rules. Live key `watchdog.thresholds` (an object with those to change). */
  thresholds: thresholdsSchema.prefault({}),
  /** What forecasts are said, and how many workers they ask for. */
  scaling: scalingSchema.prefault({}),
  /** Folder of the encoder, for finding work that nobody owns; empty or `none`: it is not looked for. */
  encoder: z.string().default(''),
  /** Hours between two looks for work that nobody owns. */
  discoveryHours: z.number().positive().max(8_760).default(24),
  /** Fewest tasks of one kind that are proposed as a new master. */
  discoveryLeast: z.number().int().min(3).default(8),
  /** Milliseconds between two looks at how things stand. */
  tickMs: ms(1_000),
  /** Milliseconds between two looks at the consumers' backlogs. */
  backlogMs: ms(5_000),
  /** Hours of the log that are read at the start, so that tasks already open are watched. */
  catchUpHours: z.number().min(0).max(8_760).default(24),
  /** Base address of an Alertmanager, such as http://localhost:9093. Default none. Live key `watchdog.alertmanager`. */
  alertmanager: z.url().optional(),
  /** Address that gets each alert as JSON by POST. Default none. Live key `watchdog.webhook`. */
  webhook: z.url().optional(),
  /** Milliseconds after which another watchdog takes over from a leader that says nothing. */
  takeOverMs: ms(7_000),
  /** Milliseconds for which telemetry is averaged before it is scored. */
  windowMs: ms(10_000),
  /** Folder of the models of the registry's family `anomaly` (`current`, `archive` lie below it). Default none: no autoencoder beside the detectors. */
  models_root: z.string().optional(),
  /** Folder of the keys that models must be signed with. Default none: the registry of models is not followed. */
  keys_folder: z.string().optional(),
  /** Anomaly alerts a day that may be false, over the whole fleet. Live key `watchdog.anomalies_a_day`; 0 switches them off. */
  anomaliesADay: z.number().min(0).default(2),
  /** Bounds within which the number of tasks that workers do at once is tuned while they work. Default none: it is left alone. Live key `watchdog.tune`. */
  tune: z
    .object({
      /** Tasks at once that the workers were started with. */
      start: z.number().int().min(1).max(64),
      /** Most tasks at once. */
      most: z.number().int().min(1).max(64),
      /** Masters whose workers are tuned. Default: all. */
      masters: z.array(z.string().min(1)).optional(),
      /** By master, where it stays: an undo writes it. */
      fixed: z.record(z.string(), z.number().int().min(1).max(64)).optional(),
    })
    .optional(),
  /** Milliseconds of a round of tuning. */
  tuneRoundMs: ms(60_000),
  /** Seconds from decision to outcome within which a success is in time: tuning goes by the share of those. */
  tuneTargetSeconds: z.number().positive().default(60),
  /** At most this share of the workers is restarted or set aside within `shareMs`; always at least one. Live key `watchdog.most_share`. */
  mostShare: share(0.2),
  /** Milliseconds over which that share is counted. */
  shareMs: ms(300_000),
  /** Milliseconds before the same target is acted on again; doubled each time. */
  coolDownMs: ms(60_000),
  /** Acted on so often within ten minutes, and a person is asked instead. */
  mostActions: z.number().int().min(1).default(3),
  /** Milliseconds a failing master rests before it is tried again; doubled after each failed trial, ten minutes at most. */
  breakerRestMs: ms(30_000),
  /** Tasks that try a rested master out. All must succeed. */
  probes: z.number().int().min(1).max(100).default(3),
  /** Milliseconds a worker gets to finish what it has before it is replaced. */
  graceMs: ms(5_000),
  /** Who answers questions, in turn. Live key `watchdog.reviewers`; none: whoever looks. */
  reviewers: z.array(z.string().min(1)).default([]),
  /** Questions put to people within a day. Live key `watchdog.reviews_a_day`. */
  reviewsADay: z.number().int().min(0).default(200),
  /** Milliseconds a person has before a question passes to the next one. */
  assignMs: ms(900_000),
  /** Milliseconds after which a question without a deadline of its own gets its default answer. */
  reviewMs: ms(86_400_000),
  /** What happens to a question of routing that nobody answered: the task stays where it is, or the most likely master gets it. Live key
   * `watchdog.review_default`. */
  reviewDefault: z.enum(['stay', 'best']).default('stay'),
});
export type WatchdogSettings = z.output<typeof watchdogSettingsSchema>;
export type WatchdogSettingsInput = z.input<typeof watchdogSettingsSchema>;

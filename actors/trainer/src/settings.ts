// Every setting of the trainer with its default, unit and effect.
import { z } from 'zod';

/** Milliseconds after which whoever trains a family and is silent counts as gone. */
export const LEASE_MS = 15_000;

const scheduleSchema = z.strictObject({
  /** When, as a cron pattern in UTC: minute, hour, day of the month, month, day of the week. */
  cron: z.string().min(1),
  /** What is trained then. */
  families: z.array(z.string()).min(1),
  /** Trials of a hyper-parameter search before it. Default 0: none. */
  tune: z.number().int().min(0).max(1_000).default(0),
  /** Train the network into the router too. Default false. */
  neural: z.boolean().default(false),
});

export const trainerSettingsSchema = z.strictObject({
  /** Root of the model folders; jobs lie in `runs/` below it. Required. */
  models: z.string().min(1),
  /** Folder of the key that signs versions and of those that are trusted. Required to publish. */
  keys: z.string().min(1),
  /** Folder of the encoder. Default `$CORTEX_ENCODER`; empty, `off` or `none`: words alone. */
  encoder: z.string().default(() => process.env.CORTEX_ENCODER ?? ''),
  /** Folder for vectors on disk, shared by all actors of a machine. Default: none are kept. */
  vector_folder: z.string().optional(),
  /** Folder of the recorder's files: what the log does not hold any more is learned from them, and data reports go there. Default: none. */
  training_data: z.string().optional(),
  /** Trainings by the clock. Default: all families each night at 3, when there is anything new. */
  schedules: z
    .array(scheduleSchema)
    .default([{ cron: '0 3 * * *', families: ['router', 'predictor', 'anomaly'], tune: 0, neural: false }]),
  /** Settled tasks since the last training of a family that ask for the next one. Default 500; 0: never. */
  volume: z.number().int().min(0).default(500),
  /** Minutes between two trainings that drift asked for. Default 30. */
  drift_pause_minutes: z.number().min(0).default(30),
  /** Seconds between two looks at schedules and volume. Default 30. */
  check_seconds: z.number().positive().default(30),
  /** Milliseconds after which a silent trainer counts as gone. Default 15,000. */
  lease_ms: z.number().int().min(300).default(LEASE_MS),
  /** How often a job is begun, when its trainers die of it. Default 3. */
  max_attempts: z.number().int().min(1).default(3),
  /** Days for which ended jobs, their trials and curves are kept. Default 90. */
  keep_days: z.number().positive().default(90),
  /** Address of an MLflow server. Default `$MLFLOW_TRACKING_URI`; empty: none. */
  mlflow: z.string().default(() => process.env.MLFLOW_TRACKING_URI ?? ''),
});
export type TrainerSettings = z.output<typeof trainerSettingsSchema>;
export type TrainerSettingsInput = z.input<typeof trainerSettingsSchema>;

// The trainer: turns what was recorded into versions of models. Takes jobs, alerts of drift, the clock. Gives versions and their events.
// Keeps where each job stands, in the bucket `trials`, and what its stages left, in `runs/` of the model folder.
import { join } from 'node:path';
import { type ActorDefinition, type ModelRegistry, openModelRegistry, runConsumer } from '@cortex/bus';
import { alertSchema, checkMessage, decodeMessage } from '@cortex/schemas';
import { trainedFamily } from './family/families.js';
import { Board } from './job/board.js';
import { Documents } from './job/documents.js';
import { Leases } from './job/lease.js';
import { forgetJobs, purgeJobs, removeOldRuns } from './job/sweep.js';
import { jobTaker } from './job/take.js';
import type { Workshop } from './job/workshop.js';
import { trialTaker } from './search/take-trial.js';
import { type TrainerSettingsInput, trainerSettingsSchema } from './settings.js';
import { checkPattern } from './trigger/due.js';
import { Triggers } from './trigger/triggers.js';

/** Between two looks at what can be thrown away. */
const SWEEP_MS = 3_600_000;

export interface TrainerParts {
  /** Default: the registry on the bus. */
  readonly registry?: Pick<ModelRegistry, 'publish' | 'list' | 'aliases'>;
  /** Default: the clock. */
  readonly now?: () => Date;
}

/** Throws InvalidMessage naming the setting that does not fit, BadSchedule or NotTrainable. */
export function trainerActor(input: TrainerSettingsInput, parts: TrainerParts = {}): ActorDefinition {
  const settings = checkMessage('trainer settings', trainerSettingsSchema, input);
  for (const { cron, families } of settings.schedules) {
    checkPattern(cron);
    for (const family of families) trainedFamily(family);
  }
  return {
    name: 'trainer',
    description:
      'Trains models from what was recorded: on schedule, when enough is new, when something drifts, when asked.',
    async start(context) {
      const { bus, log } = context;
      const documents = await Documents.open(bus);
      const board = new Board(documents, bus.instance);
      const registry = parts.registry ?? (await openModelRegistry(bus, { keys: settings.keys }));
      const say = (message: string, fields?: Record<string, unknown>) => log.info(message, fields);
      const shop: Workshop = {
        bus,
        board,
        registry,
        runs: join(settings.models, 'runs'),
        encoder: /^(off|none)?$/.test(settings.encoder) ? '' : settings.encoder,
        vectors: settings.vector_folder,
        trainingData: settings.training_data,
        mlflow: settings.mlflow,
        say,
      };
      const stopping = new AbortController();
      const leases = new Leases(documents, bus.instance, settings.lease_ms);
      const jobs = runConsumer(bus, {
        stream: bus.subjects.stream('JOBS'),
        consumer: 'trainer',
        template: 'cortex.jobs.train',
        // One at a time here; what waits stays free for other trainers.
        concurrency: 1,
        prefetch: 0,
        ackWaitMs: settings.lease_ms,
        onMissing: (missing) => context.degrade('JOBS', missing ? 'its consumer is missing' : undefined),
        onError: (error) => log.warn('a job could not be dealt with', { error: error.message }),
        handle: jobTaker({ shop, leases, maxAttempts: settings.max_attempts, stopping: stopping.signal }),
      });
      context.add({
        name: 'jobs',
        subject: bus.subjects.job('train'),
        busy: jobs.busy,
        stop: (limitMs) => {
          stopping.abort(new Error('this trainer stops'));
          return jobs.stop(limitMs);
        },
      });
      const trials = runConsumer(bus, {
        stream: bus.subjects.stream('JOBS'),
        consumer: 'trials',
        template: 'cortex.jobs.trial',
        concurrency: 1,
        prefetch: 0,
        ackWaitMs: settings.lease_ms,
        onMissing: (missing) => context.degrade('trials', missing ? 'their consumer is missing' : undefined),
        onError: (error) => log.warn('a trial could not be dealt with', { error: error.message }),
        handle: trialTaker({ shop, maxAttempts: settings.max_attempts, stopping: stopping.signal }),
      });
      context.add({
        name: 'trials',
        subject: bus.subjects.job('trial'),
        busy: trials.busy,
        stop: (limitMs) => {
          stopping.abort(new Error('this trainer stops'));
          return trials.stop(limitMs);
        },
      });
      let sweptAt = 0;
      const sweep = async () => {
        const now = (parts.now ?? (() => new Date()))().getTime();
        if (now - sweptAt < SWEEP_MS) return;
        sweptAt = now;
        await purgeJobs(bus);
        const before = new Date(now - settings.keep_days * 86_400_000);
        await forgetJobs(board, before);
        await removeOldRuns(shop.runs, before);
      };
      const triggers = new Triggers({ bus, board, settings, say, ...(parts.now ? { now: parts.now } : {}) });
      const alerts = runConsumer(bus, {
        stream: bus.subjects.stream('ALERTS'),
        consumer: 'trainer',
        template: 'cortex.alerts',
        onMissing: (missing) => context.degrade('ALERTS', missing ? 'its consumer is missing' : undefined),
        handle: async (delivery) => triggers.drift(decodeMessage('alert', alertSchema, delivery.data)),
      });
      context.add({ name: 'alerts', busy: alerts.busy, stop: (limitMs) => alerts.stop(limitMs) });
      context.add(
        everySo(
          settings.check_seconds * 1_000,
          async () => {
            await triggers.look();
            await sweep();
          },
          (error) => {
            context.degrade('triggers', error && `schedules and volume cannot be looked at: ${error.message}`);
          },
        ),
      );
    },
  };
}

/** Looks at once and then again and again, never twice at a time. */
function everySo(ms: number, look: () => Promise<void>, onLooked: (error: Error | undefined) => void) {
  let looking: Promise<void> | undefined;
  const once = () => {
    looking ??= look()
      .then(
        () => onLooked(undefined),
        (error: Error) => onLooked(error),
      )
      .finally(() => {
        looking = undefined;
      });
  };
  const timer = setInterval(once, ms);
  once();
  return {
    name: 'triggers',
    async stop() {
      clearInterval(timer);
      await looking;
    },
  };
}

// The worker as an actor. Takes: a master's work consumers on LOG. Gives: `outcomes.<master>`, `telemetry.<worker>`. Keeps: nothing.
// Settings with defaults: settings.ts. It runs under the actor runtime, so it has states, presence and $SRV discovery like the others.
import { type ActorContext, type ActorDefinition, type Bus, observe, taskLog } from '@cortex/bus';
import { decodeMessage, logRecordSchema } from '@cortex/schemas';
import { listenToControl } from './control.js';
import { processDelivery } from './delivery.js';
import { type Feed, startFeed } from './feed.js';
import { startPulse } from './pulse.js';
import type { RunningJob } from './running-job.js';
import { resolveSettings, type WorkerSettings } from './settings.js';
import { watchTerms } from './terms.js';

export interface WorkerActorDefinition extends ActorDefinition {
  inFlight(): number;
  /** Running jobs get at most this many milliseconds from now, when the worker is stopping. */
  hurry(limitMs: number): void;
}

/** A worker to be run by `runActor`. Throws InvalidMessage or a RangeError for a bad setting. */
export function workerActor(given: WorkerSettings): WorkerActorDefinition {
  const settings = resolveSettings(given);
  const jobs = new Set<RunningJob>();
  let hurried: ((limitMs: number) => void) | undefined;
  return {
    name: 'worker',
    description: `Does the tasks of ${settings.master}.`,
    inFlight: () => jobs.size,
    hurry: (limitMs) => hurried?.(limitMs),
    async start(context: ActorContext) {
      const { bus, log } = context;
      let feed: Feed | undefined;
      let outOfTime = false;
      const stopJob = (job: RunningJob) => job.stop('draining', 'the worker was stopped');
      const terms = await watchTerms(bus, settings.master, settings.leaseMs, (missing) => {
        context.degrade('work', missing);
        if (missing === undefined) feed?.wake();
      });
      const told = listenToControl(context, settings.concurrency, () => feed?.wake());
      const pulse = startPulse(
        bus,
        {
          worker: settings.name,
          master: settings.master,
          capabilities: settings.capabilities,
          everyMs: settings.heartbeatMs,
        },
        jobs,
      );
      const endCancels = watchCancels(bus, jobs);
      const endMeasure = observe('busyTasks', () => [[jobs.size, { master: settings.master }]]);
      context.add({ name: 'measures', stop: endMeasure });
      const around = {
        bus,
        log,
        settings,
        tasks: taskLog(bus),
        onStart(job: RunningJob) {
          jobs.add(job);
          // It was on its way when the limit passed.
          if (outOfTime) stopJob(job);
          pulse.changed();
        },
        onEnd(job: RunningJob) {
          jobs.delete(job);
          pulse.changed();
        },
        onAside: () => feed?.wake(),
        onAsking: () => pulse.changed(),
        onGivenBack: (delayMs: number) => void setTimeout(() => feed?.wake(), delayMs + 5).unref(),
      };
      const feeding = startFeed(bus, {
        ...settings,
        get concurrency() {
          return told.concurrency();
        },
        terms: (priority) => (told.resting() ? undefined : terms.of(priority)),
        aside: () => [...jobs].filter((job) => job.aside).length,
        async process(delivery, known) {
          const result = await processDelivery(around, delivery, known);
          if (result === 'completed') pulse.finished('done');
          else if (result === 'failed' || result === 'dead') pulse.finished('failed');
        },
        onError: (error) => log.error('the worker stumbled', { error: error.message }),
      });
      feed = feeding;
      context.add({
        name: `work-${settings.master}`,
        subject: bus.subjects.logStep('decided', settings.master),
        busy: feeding.busy,
        async stop(limitMs) {
          terms.stop();
          pulse.drain();
          const abort = () => {
            outOfTime = true;
            for (const job of jobs) stopJob(job);
          };
          let limit = setTimeout(abort, limitMs);
          hurried = (ms) => {
            clearTimeout(limit);
            limit = setTimeout(abort, ms);
          };
          await feeding.close();
          await feeding.idle();
          clearTimeout(limit);
          endCancels();
          pulse.stop();
        },
      });
    },
  };
}

/** Stops a job as soon as its task is cancelled or expires. */
function watchCancels(bus: Bus, jobs: ReadonlySet<RunningJob>): () => void {
  const subscriptions = (['cancelled', 'expired'] as const).map((step) =>
    bus.nc.subscribe(bus.subjects.live(step), {
      callback: (error, msg) => {
        if (error || jobs.size === 0) return;
        try {
          const id = decodeMessage('log record', logRecordSchema, msg.data).task.id;
          for (const job of jobs) if (job.job.task.id === id) job.stop(step, `the task is ${step}`);
        } catch {
          // What is no record cancels nothing; the log itself is read at every renewal.
        }
      },
    }),
  );
  return () => {
    for (const subscription of subscriptions) subscription.unsubscribe();
  };
}

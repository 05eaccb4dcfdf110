// Bursts of waiting work for one worker of a real system, with its concurrency left alone or tuned: what share is done in time.
import { coordinatorActor } from '@cortex/actor-coordinator';
import { watchdogActor } from '@cortex/actor-watchdog';
import { worker } from '@cortex/actor-worker';
import { type Bus, openMasters, openSettings, runActor, silentLogger } from '@cortex/bus';
import type { Action, LogRecord } from '@cortex/schemas';

export interface TuningRun {
  /** Ends when this is true, looked at after every burst. */
  readonly until: (seen: TuningSeen) => boolean | Promise<boolean>;
  /** `watchdog.tune`; undefined: left alone. */
  readonly tune?: { readonly start: number; readonly most: number };
  readonly roundMs: number;
  /** Tasks at once in each burst, and milliseconds between two bursts. */
  readonly burst: number;
  readonly everyMs: number;
  /** Milliseconds that a task takes when it is alone. */
  readonly taskMs: number;
  /** Waits for something outside (the default), or fills the processor. */
  readonly work?: 'waits' | 'computes';
  readonly targetSeconds: number;
}

export interface TuningSeen {
  readonly actions: Action[];
  /** One a task, in order of their end: seconds from submission. */
  readonly seconds: number[];
  /** Most tasks that the worker did at once since the last look. */
  mostAtOnce: number;
  bursts: number;
}

export async function runTuning(connect: (name: string) => Promise<Bus>, options: TuningRun): Promise<TuningSeen> {
  const bus = await connect('tuning');
  const registry = await openMasters(bus);
  await registry.put({ name: 'alpha', keywords: ['alphawork', 'alphajob'], description: 'alpha' });
  const settings = await openSettings(bus);
  await settings.set('coordinator.unsure', 'best');
  if (options.tune) await settings.set('watchdog.tune', options.tune);
  const coordinator = await runActor(coordinatorActor({}), await connect('coordinator'), { log: silentLogger });
  const watchdog = await runActor(
    watchdogActor({
      tickMs: 200,
      takeOverMs: 1_000,
      anomaliesADay: 0,
      tuneRoundMs: options.roundMs,
      tuneTargetSeconds: options.targetSeconds,
    }),
    await connect('watchdog'),
    { log: silentLogger },
  );
  const seen: TuningSeen = { actions: [], seconds: [], mostAtOnce: 0, bursts: 0 };
  let atOnce = 0;
  const working = await worker({
    bus: await connect('worker'),
    name: 'w-0',
    master: 'alpha',
    heartbeatMs: 500,
    pollMaxMs: 500,
    signals: false,
    telemetry: false,
    log: silentLogger,
    async handle() {
      seen.mostAtOnce = Math.max(seen.mostAtOnce, ++atOnce);
      await (options.work === 'computes' ? compute(options.taskMs) : sleep(options.taskMs));
      atOnce--;
      return {};
    },
  });
  const began = new Map<string, number>();
  bus.nc.subscribe(bus.subjects.live('settled'), {
    callback(_error, msg) {
      const { task } = msg.json<LogRecord>();
      const at = began.get(task.id);
      if (at !== undefined) seen.seconds.push((Date.now() - at) / 1_000);
    },
  });
  bus.nc.subscribe(bus.subjects.actions, { callback: (_error, msg) => void seen.actions.push(msg.json<Action>()) });
  while (!(await options.until(seen))) {
    for (let i = 0; i < options.burst; i++) {
      const id = `tune-${seen.bursts}-${i}`;
      began.set(id, Date.now());
      bus.nc.publish(bus.subjects.submit, JSON.stringify({ id, text: 'alphawork alphajob' }));
    }
    seen.bursts++;
    await sleep(options.everyMs);
  }
  await working.stop(2_000);
  await watchdog.drain(2_000);
  await coordinator.drain(2_000);
  settings.close();
  await registry.close();
  return seen;
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** In slices: others are let in between, so that all who compute at once share it. */
async function compute(ms: number): Promise<void> {
  for (let used = 0; used < ms; ) {
    const from = performance.now();
    while (performance.now() - from < 10);
    used += 10;
    await new Promise(setImmediate);
  }
}

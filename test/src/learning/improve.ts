// Self-improvement on real tickets: a first model from a few rows a label, then nothing but tasks and what people say of them.
import { until } from '@cortex/bus/testing';
import { type TrainingRow, trainRouter } from '@cortex/models';
import { wilson } from '../harness/statistics.js';
import { type Habits, openWorld } from './people.js';
import { learntRows } from './rows.js';
import { startSystem, untilServes, untilSpeaks } from './system.js';
import { firstRows, heldOutAccuracy, readTickets } from './tickets.js';

export interface ImproveOptions {
  readonly data: string;
  readonly tasks: number;
  /** Rows of each label for the first model. */
  readonly each: number;
  /** New settled tasks that ask for a training. */
  readonly volume: number;
  readonly seed: number;
  /** The trainer actor learns by itself; else this process does what `cortex train` does, at the same moments. */
  readonly trainer: boolean;
  /** Unsure tasks are questions to a person, as Cortex does unless told otherwise; else the best master gets them. */
  readonly ask?: boolean;
  readonly log: (line: string) => void;
}

export interface Share {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface ImproveReport {
  readonly tasks: number;
  /** On the test set: the first model, the champion at the end, a model of all labels at once. */
  readonly first: Share;
  readonly last: Share;
  readonly all_labels: Share;
  readonly gain_points: number;
  readonly behind_all_labels_points: number;
  readonly champion: string;
  /** The newest version, learnt from all outcomes of the stream: its trial begins where the stream ends. */
  readonly newest: string;
  readonly newest_accuracy: Share;
  /** Accuracy of the decisions themselves over the stream. */
  readonly windows: readonly (Share & { readonly from: number; readonly to: number })[];
  readonly events: readonly {
    readonly task: number;
    readonly event: string;
    readonly version: string;
    readonly share: number;
  }[];
  readonly trainings: number;
  readonly promotions: number;
  readonly harmed: number;
  /** Tasks that a person was asked about. */
  readonly asked: number;
  readonly lost: number;
  readonly seconds: number;
}

const WINDOW = 200;
const STEP = 50;
/** Age at which a task is judged, milliseconds; on a busy machine, where an outcome takes a second to arrive, more is needed. */
export const AGE_MS = Number(process.env.CORTEX_DEMO_AGE_MS ?? 400);
export const PATIENCE_MS = 4_000;
export const HABITS: Habits = { corrected: 0.2, delayed: 0.2, wrong: 0.05, missing: 0.1, delayMs: AGE_MS };

export async function runImprove(options: ImproveOptions): Promise<ImproveReport> {
  const began = Date.now();
  const { first, stream, test } = readTickets(options.data, options.each, options.tasks, options.seed);
  const system = await startSystem({
    masters: first,
    deployer: {
      families: ['router'],
      outcome_age_ms: AGE_MS,
      stage_ms: 0,
      slow_ms: PATIENCE_MS,
      load_ms: 300_000,
      tick_ms: 250,
      // Three thousand tasks are few: each share is held until so many of the challenger's tasks are judged.
      units: [3, 8, 16],
      probation_units: 50,
      own_units: 60,
    },
    ...(options.trainer ? { trainer: { volume: options.volume } } : {}),
    patienceMs: PATIENCE_MS,
    unsure: options.ask ? 'review' : 'best',
    log: options.log,
  });
  const events: { task: number; event: string; version: string; share: number }[] = [];
  let trainings = 0;
  let learntFrom = 0;
  let newestTrained = '';
  const world = openWorld(system.bus, 'improve', HABITS, options.seed);
  try {
    system.bus.nc.subscribe(system.bus.subjects.modelEvents, {
      callback: (_, message) => {
        const {
          event,
          version = '',
          after,
        } = message.json<{ event: string; version?: string; after?: { share: number } }>();
        if (event === 'trained' && version.startsWith('router@')) {
          trainings++;
          newestTrained = version;
        }
        events.push({ task: world.told.length, event, version, share: after?.share ?? 0 });
        options.log(`after ${world.told.length} tasks: ${event} ${version} ${after?.share ?? ''}`);
      },
    });
    const firstName = await system.publish([], 'trainer');
    await untilServes(system, firstName);
    for (let from = 0; from < stream.length; from += STEP) {
      await world.send(stream.slice(from, from + STEP));
      // In life a training takes an hour's tasks, and an outcome a few; here neither may depend on how fast this machine is.
      if (from + STEP < stream.length && world.reported() - learntFrom >= options.volume) {
        const before = trainings;
        if (options.trainer) await until('the training', () => trainings > before, 600_000);
        else newestTrained = await system.publish(await learntRows(system.bus), 'trainer');
        await untilSpeaks(system, newestTrained);
        learntFrom = world.reported();
      }
      await new Promise((resolve) => setTimeout(resolve, AGE_MS));
      if ((from + STEP) % WINDOW > 0) continue;
      const lately = world.told.slice(-WINDOW).filter(({ right }) => right).length;
      options.log(`${world.told.length} tasks, ${((100 * lately) / WINDOW).toFixed(1)} % of the last ${WINDOW} right`);
    }
    await world.settled();
    // The last tasks come of age.
    await new Promise((resolve) => setTimeout(resolve, AGE_MS + 1_000));
    // What all outcomes together teach: too late to be tried on this stream.
    const newest = await system.publish(await learntRows(system.bus), 'trainer');
    const { champion = firstName } = await system.registry.aliases('router');
    const accuracy = async (name: string) => share(await heldOutAccuracy(system, name, test), test.length);
    const whole: TrainingRow[] = [...firstRows(first), ...stream];
    const model = await trainRouter({
      masters: system.masters.map(({ name, description }) => ({ name, description })),
      rows: whole,
      seed: 1,
    });
    const routed = await model.route(
      test.map(({ text }) => ({ text })),
      { explain: false },
    );
    const all = share(routed.filter((result, i) => result.master === test[i]?.label).length / test.length, test.length);
    const [start, end] = [await accuracy(firstName), await accuracy(champion)];
    const ordered = [...world.told].sort((a, b) => a.n - b.n);
    const windows = [];
    for (let from = 0; from < ordered.length; from += WINDOW) {
      const rows = ordered.slice(from, from + WINDOW);
      windows.push({
        from,
        to: from + rows.length,
        ...share(rows.filter(({ right }) => right).length / rows.length, rows.length),
      });
    }
    return {
      tasks: stream.length,
      first: start,
      last: end,
      all_labels: all,
      gain_points: points(end.value - start.value),
      behind_all_labels_points: points(all.value - end.value),
      champion,
      newest,
      newest_accuracy: await accuracy(newest),
      windows,
      events,
      trainings,
      promotions: events.filter(({ event }) => event === 'promoted').length - 1,
      harmed: world.told.filter(({ harmed }) => harmed).length,
      asked: world.told.filter(({ asked }) => asked).length,
      lost: stream.length - world.told.length,
      seconds: Math.round((Date.now() - began) / 1_000),
    };
  } finally {
    world.close();
    await system.stop();
  }
}

export function share(value: number, rows: number): Share {
  const [low, high] = wilson(Math.round(value * rows), rows);
  return { value, low, high };
}

const points = (x: number) => Math.round(1_000 * x) / 10;

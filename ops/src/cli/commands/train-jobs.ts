// Trainings by the trainers on the bus: asked for and followed, listed, cancelled.
import { type Bus, watchPresence } from '@cortex/bus';
import type { JobState, TrainJobInput } from '@cortex/schemas';
import type { Command } from 'commander';
import { openRegistry, type Placed, placeTrained } from '../../train/index.js';
import { Failed, Unreachable, WrongInput } from '../failures.js';
import { type BusFlags, withBusOptions, withExample, withJsonOption } from '../options.js';
import { age, note, plural, printJson, printText, progressBar, shorten } from '../output/index.js';
import { person, withBus } from '../session.js';

const LOOK_MS = 300;
const NOBODY_MS = 10_000;

interface Flags extends BusFlags {
  json?: boolean;
}

export interface JobFlags extends Flags {
  seed: number;
  encoder: boolean;
  neural?: boolean;
  promote: boolean;
  tune?: number;
}

/** `train jobs` and `train cancel`. */
export function addTrainJobs(train: Command): void {
  const jobs = train.command('jobs').description('Trainings by trainers, newest first.').action(listJobs);
  withExample(jobs, 'train jobs');
  const cancel = train
    .command('cancel')
    .description('Ends a training that waits or runs; nothing of it is published.')
    .argument('<job>', 'its id, as "cortex train jobs" shows it')
    .action(cancelJob);
  withExample(cancel, 'train cancel train-20261122-233409');
  for (const command of [jobs, cancel]) {
    withBusOptions(command);
    withJsonOption(command);
  }
}

/** What the command line asks for. */
export function jobOf(family: string, flags: JobFlags): TrainJobInput {
  const at = new Date().toISOString();
  return {
    id: `train-${at.replaceAll(/[^0-9]/g, '').slice(0, 17)}-${Math.random().toString(36).slice(2, 6)}`,
    family,
    reason: 'asked for on the command line',
    seed: flags.seed,
    options: {
      ...(flags.neural ? { neural: true } : {}),
      ...(flags.encoder ? {} : { encoder: false }),
      ...(flags.tune ? { tune: flags.tune } : {}),
      ...(flags.promote ? {} : { announce: false }),
    },
    requested_by: person(),
    at,
  };
}

/** Asks for a training and follows it to its end. @throws Failed with its reason when it fails or is cancelled. */
export async function trainByTrainer(bus: Bus, family: string, flags: JobFlags): Promise<void> {
  if (!(await hasTrainer(bus)))
    throw new Unreachable('no trainer is running: start "cortex up", or "cortex actor trainer"');
  const { askForTraining, trainedFamily } = await import('@cortex/actor-trainer');
  const board = await openBoard(bus);
  const { id } = await askForTraining(bus, board, jobOf(family, flags));
  note(`cortex: asked the trainers for it as ${id}; "cortex train cancel ${id}" ends it`);
  const state = await follow(bus, id, () => board.read(id));
  if (state.state !== 'done' || state.version === undefined)
    throw new Failed(`the training ${state.state === 'failed' ? 'failed' : 'was not finished'}: ${state.error ?? id}`);
  const trained = trainedFamily(family);
  const placed = await placeTrained(bus, await openRegistry(bus), trained, state.version, {
    promote: flags.promote,
    by: person(),
  });
  const { kept, metrics, seconds, notes } = (state.report ?? {}) as Record<string, unknown>;
  if (flags.json)
    return printJson({
      ...state,
      ...placed,
      family: trained,
      alias: placed.waits === undefined ? 'champion' : null,
      rows: kept,
      ...{ metrics, seconds, notes },
    });
  printText(`trained ${state.version} on ${plural(Number(kept ?? 0), 'row')} in ${seconds} s\n${whatNow(placed)}`);
}

export function whatNow({ name, waits }: Placed): string {
  if (waits === undefined) return `${name} is the champion: running actors check it and swap it in within seconds`;
  return `${name} does not serve yet (${waits}): "cortex models promote ${name}" lets it`;
}

async function follow(bus: Bus, id: string, read: () => Promise<JobState | undefined>): Promise<JobState> {
  const show = progressBar();
  let waitedSince = Date.now();
  for (;;) {
    const state = await read();
    if (!state) throw new Failed(`the training ${id} is not known any more`);
    if (['done', 'failed', 'cancelled'].includes(state.state)) {
      show(state.stage ?? 'done', 1);
      return state;
    }
    if (state.state === 'running') {
      waitedSince = Date.now();
      show(state.stage ?? 'waiting', Math.min(0.999, state.share ?? 0));
    } else if (Date.now() - waitedSince > NOBODY_MS) {
      waitedSince = Date.now();
      note(
        (await hasTrainer(bus))
          ? 'cortex: the trainers are busy with other trainings; this one waits'
          : 'cortex: no trainer is running any more; the training waits for one',
      );
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

export async function hasTrainer(bus: Bus): Promise<boolean> {
  const presence = watchPresence(bus);
  try {
    await presence.settled;
    return presence.list().some((m) => m.actor === 'trainer' && (m.state === 'ready' || m.state === 'degraded'));
  } finally {
    presence.close();
  }
}

async function openBoard(bus: Bus) {
  const { Board, Documents } = await import('@cortex/actor-trainer');
  return new Board(await Documents.open(bus), bus.instance);
}

async function listJobs(_flags: object, command: Command): Promise<void> {
  const flags = command.optsWithGlobals<Flags>();
  await withBus(flags, async (bus) => {
    const states = await (await openBoard(bus)).list();
    if (flags.json) return printJson(states);
    if (states.length === 0) return note('cortex: no training was asked for yet');
    for (const { job, state, stage, share, version, error, at } of states) {
      const where =
        state === 'running'
          ? `${stage ?? 'begins'}${share === undefined ? '' : ` ${Math.round(share * 100)} %`}`
          : (version ?? error ?? '');
      printText(
        `${job.id}  ${job.family}  ${state}, ${age(at)}  ${shorten(where, 120)}\n  ${shorten(job.reason, 160)}`,
      );
    }
  });
}

async function cancelJob(id: string, _flags: object, command: Command): Promise<void> {
  const flags = command.optsWithGlobals<Flags>();
  await withBus(flags, async (bus) => {
    const board = await openBoard(bus);
    const state = await board.read(id);
    if (!state)
      throw new WrongInput('JOB', `there is no training "${shorten(id, 80)}"; "cortex train jobs" shows them`);
    if (!(await board.cancel(id, person())))
      throw new Failed(`${id} is ${state.state} already: nothing is left to cancel`);
    if (flags.json) return printJson({ job: id, cancelled: true });
    printText(`${id} ends at the next moment its trainer looks`);
  });
}

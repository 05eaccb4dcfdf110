// Trainings by the trainers on the bus: asked for and followed, listed, cancelled.
import { type Bus, watchPresence } from '@cortex/bus';
import type { JobState } from '@cortex/schemas';
import type { Command } from 'commander';
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

/** Asks for a training and follows it to its end. @throws Failed with its reason when it fails or is cancelled. */
export async function trainByTrainer(family: string, flags: JobFlags): Promise<void> {
  await withBus(flags, async (bus) => {
    if (!(await hasTrainer(bus)))
      throw new Unreachable('no trainer is running: start "cortex up", or "cortex actor trainer"');
    const { askForTraining } = await import('@cortex/actor-trainer');
    const board = await openBoard(bus);
    const at = new Date().toISOString();
    const { id } = await askForTraining(bus, board, {
      id: `train-${at.replaceAll(/[^0-9]/g, '').slice(0, 17)}-${Math.random().toString(36).slice(2, 6)}`,
      family,
      reason: 'asked for on the command line',
      seed: flags.seed,
      options: {
        ...(flags.neural ? { neural: true } : {}),
        ...(flags.encoder ? {} : { encoder: false }),
        ...(flags.tune ? { tune: flags.tune } : {}),
      },
      requested_by: person(),
      at,
    });
    note(`cortex: asked the trainers for it as ${id}; "cortex train cancel ${id}" ends it`);
    const state = await follow(bus, id, () => board.read(id));
    if (state.state !== 'done')
      throw new Failed(
        `the training ${state.state === 'failed' ? 'failed' : 'was not finished'}: ${state.error ?? id}`,
      );
    if (flags.json) return printJson(state);
    const rows = Number(state.report?.kept ?? 0);
    printText(
      `trained ${state.version} on ${plural(rows, 'row')}: "cortex models show ${state.version}" has its figures`,
    );
  });
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

async function hasTrainer(bus: Bus): Promise<boolean> {
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

// `cortex actor NAME`: one actor, on any machine, beside as many others as there are.
import { type Bus, connectBus, provision, type RunningActor, runActor } from '@cortex/bus';
import type { Command } from 'commander';
import { provideEncoder } from '../../provide/index.js';
import { ACTOR_NAMES, ACTORS, beatTo } from '../../up/index.js';
import { WrongInput } from '../failures.js';
import { actorLogger } from '../log.js';
import { type BusFlags, busAddress, withBusOptions, withExample, withJsonOption } from '../options.js';
import { note } from '../output/index.js';
import { askedToEnd } from '../signals.js';
import { watched } from '../watched.js';

interface Flags extends BusFlags {
  json?: boolean;
}

export function addActor(program: Command): void {
  const command = program
    .command('actor')
    .summary('run one actor, to scale out on any machine')
    .description(
      `Runs one actor until SIGTERM or Ctrl-C; waits for the bus when it is not up yet.\n\nActors:\n${ACTORS.map((row) => `  ${row.name.padEnd(12)} ${row.summary}`).join('\n')}\n  worker       does tasks: use "cortex worker", which takes its command`,
    )
    .argument('<name>', `one of ${ACTOR_NAMES.join(', ')}`);
  withBusOptions(command);
  withJsonOption(command, 'log lines as JSON, whatever standard error is');
  withExample(command, 'actor router --nats nats://bus.example.org:4222');
  command.action(actor);
}

async function actor(name: string, flags: Flags): Promise<void> {
  const row = ACTORS.find((a) => a.name === name);
  if (!row) {
    const hint =
      name === 'worker'
        ? 'a worker needs a command: use "cortex worker --master M --exec CMD"'
        : `there are ${ACTOR_NAMES.join(', ')}`;
    throw new WrongInput('NAME', `there is no actor "${name}" to run here; ${hint}`);
  }
  const address = busAddress(flags);
  const log = flags.json ? actorLogger(name, name, true) : actorLogger(name);
  let running: RunningActor | undefined;
  const seen = await watched({ service: `cortex-${name}`, actor: name });
  let orphaned: () => void = () => undefined;
  const asked = Promise.race([
    askedToEnd(() => process.exit(1)),
    new Promise<void>((resolve) => {
      orphaned = resolve;
    }),
  ]);
  const beat = beatTo(
    process,
    () => ({
      state: running?.state() ?? 'starting',
      ...(running?.detail() ? { detail: running.detail() ?? '' } : {}),
      ...(seen.monitor ? { monitor: seen.monitor.address } : {}),
    }),
    () => orphaned(),
  );
  const starting = (async () => {
    const encoder = row.encodes
      ? await provideEncoder({ log: (line) => log.info(line), onProgress: () => undefined })
      : undefined;
    if (encoder && !encoder.found) log.warn('no encoder: routing by rules and words alone', { reason: encoder.reason });
    // Before the bus, which may be waited for: settings that do not fit are told at once.
    const definition = await row.make({ encoder: encoder?.found ? encoder.folder : undefined });
    const bus = await connectBus({
      servers: address.servers,
      prefix: address.prefix,
      name,
      waitMs: 0,
      onState: (state, detail) => {
        if (state !== 'closed')
          log.warn(state === 'connected' ? 'connected again' : 'the bus is away, waiting for it', { bus: detail });
      },
      ...(address.creds === undefined ? {} : { creds: address.creds }),
    });
    seen.attach(bus);
    await provisionIfPermitted(bus, (line) => log.info(line));
    running = await runActor(definition, bus, {
      log: flags.json ? actorLogger(name, bus.instance, true) : actorLogger(name, bus.instance),
      onState: () => beat.now(),
    });
    return bus;
  })();
  const bus = await Promise.race([starting, asked]);
  beat.now();
  if (bus && typeof bus !== 'string') {
    if (process.stderr.isTTY)
      note(`cortex: ${name} runs as ${bus.instance} on ${bus.servers}; Ctrl-C drains and stops it`);
    await asked;
    await running?.drain();
    await seen.stop();
    await bus.close();
  } else await seen.stop();
  beat.stop();
}

/** Whoever may, creates what is missing; an identity that may not finds it made by another. */
async function provisionIfPermitted(bus: Bus, say: (line: string) => void): Promise<void> {
  const { jsm, subjects } = bus;
  try {
    // There already: nothing to do, and replicas chosen by whoever made it stay as they are.
    await jsm.streams.info(subjects.stream('LOG'));
    await jsm.streams.info(`KV_${subjects.bucket('models')}`);
    return;
  } catch {
    // Missing, or this identity may not look: try.
  }
  try {
    await provision(bus);
    say('streams and consumers are there');
  } catch (error) {
    say(`could not provision (${(error as Error).message}): going on with what is there`);
  }
}

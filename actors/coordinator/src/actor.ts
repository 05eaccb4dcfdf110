// The coordinator. Takes: tasks, cancels, outcome claims, people's answers, wake-ups. Gives: records of the log, questions to people,
// dead letters. Keeps nothing of its own: any number of replicas may run, and each may die at any point.
import {
  type ActorContext,
  type ActorDefinition,
  type ConsumerOptions,
  consumerNames,
  createAsker,
  openMasters,
  openSettings,
  provisionMaster,
  runConsumer,
  taskLog,
  watchPresence,
} from '@cortex/bus';
import { checkMessage, PRIORITIES, type StreamName } from '@cortex/schemas';
import { followSplit } from './arms/aliases.js';
import { assign } from './arms/split.js';
import { createDecider } from './decide/decider.js';
import { createRules } from './decide/rules.js';
import { createHandlers, type Handlers } from './handlers/handlers.js';
import { type CoordinatorSettings, settingsSchema, signersSchema, weightsSchema } from './settings.js';
import { startUpkeep } from './upkeep/upkeep.js';
import { startWorkConsumers } from './upkeep/work-consumers.js';

export function coordinatorActor(input: Partial<CoordinatorSettings> = {}): ActorDefinition {
  const settings = checkMessage('coordinator settings', settingsSchema, input);
  return {
    name: 'coordinator',
    description: 'Admits tasks, asks who should get them, decides, and settles outcomes.',
    start: (context) => start(context, settings),
  };
}

async function start(context: ActorContext, settings: CoordinatorSettings): Promise<void> {
  const { bus, log } = context;
  const { subjects } = bus;
  const masters = await openMasters(bus);
  context.add({ name: 'masters', stop: () => masters.close() });
  const live = await openSettings(bus);
  context.add({ name: 'settings', stop: () => live.close() });
  const presence = watchPresence(bus);
  context.add({ name: 'presence', stop: () => presence.close() });
  const asker = createAsker(bus, presence);
  context.add({ name: 'asker', stop: () => asker.close() });
  const choosable = await startWorkConsumers(
    context,
    masters,
    (master, atOnce) => provisionMaster(bus, master, {}, { concurrency: atOnce }),
    async (names) => {
      const there = await consumerNames(bus, subjects.stream('LOG'));
      return names.filter((name) => PRIORITIES.some((priority) => !there.has(subjects.workConsumer(name, priority))));
    },
  );
  const aliases = await followSplit(context);
  // Else the first tasks would wait for a router that is not there.
  await presence.settled;
  // Deadlines go by it, and the first task may have one.
  await bus.clockSeen;
  const rules = createRules(masters);
  const decide = createDecider({
    asker,
    log,
    askTimeoutMs: settings.askTimeoutMs,
    predictTimeoutMs: settings.predictTimeoutMs,
    weights: () => {
      const value = weightsSchema.safeParse(live.get('coordinator.weights'));
      return value.success ? value.data : settings.weights;
    },
    exploreShare: () => {
      const value = live.get('coordinator.explore');
      return typeof value === 'number' && value >= 0 && value <= 0.5 ? value : settings.explore;
    },
    unsure: () => {
      const value = live.get('coordinator.unsure');
      return value === 'best' || value === 'review' ? value : settings.unsure;
    },
    masters: choosable.choice,
    arm: (key) => assign(key, aliases()),
    rules,
  });
  const handlers = createHandlers(
    { bus, log: taskLog(bus), decide, pending: choosable.pending, unknownTaskMs: settings.unknownTaskMs },
    masters,
    () => {
      const value = signersSchema.safeParse(live.get('coordinator.outcome_signers'));
      return value.success ? value.data : undefined;
    },
  );
  context.add(startUpkeep(bus, settings.upkeepMs, log));

  const consume = (
    stream: StreamName,
    subject: string,
    template: ConsumerOptions['template'],
    handle: Handlers[keyof Handlers],
    more: Partial<ConsumerOptions> = {},
  ) => {
    const consumer = runConsumer(bus, {
      stream: subjects.stream(stream),
      consumer: 'coordinator',
      template,
      concurrency: settings.concurrency,
      handle,
      onMissing: (missing) => context.degrade(stream, missing ? 'its consumer is missing' : undefined),
      onUnkept: (why) => context.degrade(`dead letters of ${stream}`, why),
      onError: (error, delivery, givenUp) =>
        log[givenUp ? 'error' : 'warn'](error.message, {
          subject: delivery.subject,
          sequence: delivery.sequence,
          delivery: delivery.delivery,
          given_up: givenUp,
        }),
      ...more,
    });
    context.add({
      name: stream.toLowerCase(),
      subject,
      busy: consumer.busy,
      stop: (limitMs) => consumer.stop(limitMs),
    });
  };
  consume('OUTCOMES', subjects.outcomes, `${subjects.prefix}.outcomes`, handlers.outcomes);
  consume('REVIEWS', subjects.reviewsAnswered, subjects.reviewsAnswered, handlers.answers);
  // A timer that is not due holds no place for long, but many wait at once.
  consume('TIMERS', subjects.timers, `${subjects.prefix}.timers`, handlers.wakeUps, { prefetch: 256 });
  consume('TASKS', subjects.tasks, (delivery) => delivery.subject.slice(0, 64), handlers.tasks);
}

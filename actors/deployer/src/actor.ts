// The deployer. Takes: decisions of the log, at once and again at a fixed age; new versions; people's approvals; what serves. Gives: aliases,
// alerts, events, questions. Keeps: one document per family in the bucket `trials`. Needs nobody else alive but NATS.
import {
  type ActorContext,
  type ActorDefinition,
  type Delivery,
  type ModelVersion,
  openModelRegistry,
  openSettings,
  runConsumer,
  taskLog,
} from '@cortex/bus';
import {
  checkMessage,
  decodeMessage,
  type LogRecord,
  logRecordSchema,
  modelEventSchema,
  reviewAnswerSchema,
} from '@cortex/schemas';
import { aliasEvent, carryOutFor, publishNotice } from './carry-out.js';
import { createHealth, type Health } from './health.js';
import { judgedOf, observedOf } from './judged.js';
import { measureTrial } from './measure.js';
import { type DeployerSettings, type DeployerSettingsInput, deployerSettingsSchema } from './settings.js';
import type { Notice } from './state.js';
import { openTrialStore, type TrialStore } from './store.js';

/** Throws InvalidMessage naming the setting that does not fit. */
export function deployerActor(input: DeployerSettingsInput = {}): ActorDefinition {
  const settings = checkMessage('deployer settings', deployerSettingsSchema, input);
  return {
    name: 'deployer',
    description: 'Tries new models on part of the traffic, promotes and rolls back.',
    start: (context) => start(context, settings),
  };
}

const DAY = 86_400_000;

async function start(context: ActorContext, fixed: DeployerSettings): Promise<void> {
  const { bus, log } = context;
  const { subjects } = bus;
  const live = await openSettings(bus);
  context.add({ name: 'settings', stop: () => live.close() });
  const settings = (): DeployerSettings => {
    const approve = live.get('deployer.approve');
    return approve === 'hand' || approve === 'auto' ? { ...fixed, approve } : fixed;
  };
  const registry = await openModelRegistry(bus);
  const stores = new Map<string, TrialStore>();
  const healths = new Map<string, Health>();
  const ticks: (() => Promise<void>)[] = [];

  for (const family of fixed.families) {
    const carryOut = carryOutFor(
      bus,
      registry,
      () => storeOf(family),
      (reason) => context.degrade(`what ${family} needs`, reason),
    );
    const store = await openTrialStore(bus, family, { settings, log, onStored: () => carryOut.run() });
    stores.set(family, store);
    healths.set(
      family,
      createHealth(family, () => store.state().aliases.champion),
    );
    context.add({ name: `trial of ${family}`, stop: () => store.stop() });
    context.add({ name: `changes of ${family}`, stop: () => carryOut.stop() });
    const versions = new Map<string, ModelVersion>();
    context.add({
      name: `measures of ${family}`,
      stop: measureTrial(family, {
        state: () => store.state(),
        version: (name) => versions.get(name),
        expected: () => healths.get(family)?.report().expected,
      }),
    });
    const watch = await registry.watch(family, (aliases) => {
      void store.submit(aliasEvent(aliases, Date.now())).catch(() => undefined);
    });
    context.add({ name: `aliases of ${family}`, stop: () => watch.close() });
    ticks.push(async () => {
      // Also what a watch missed, and what a killed deployer left undone.
      await store.submit(aliasEvent(await registry.aliases(family), Date.now()));
      const { champion, challenger, shadow } = store.state().aliases;
      for (const name of [champion, challenger, shadow]) {
        if (name === undefined || versions.has(name)) continue;
        const shown = await registry.show(name);
        if (shown) versions.set(name, shown);
      }
      const made = champion === undefined ? undefined : Date.parse(versions.get(champion)?.created_at ?? '');
      const days = made === undefined ? 0 : (Date.now() - made) / DAY;
      if (champion !== undefined && fixed.fresh_days > 0 && days > fixed.fresh_days)
        await store.submit({ kind: 'stale', version: champion, days, at: Date.now() });
      await store.submit({ kind: 'tick', at: Date.now() });
      for (const consumer of [DECISIONS, OUTCOMES]) {
        const info = await bus.jsm.consumers.info(subjects.stream('LOG'), consumer);
        store.floor(consumer, info.ack_floor.stream_seq);
      }
      carryOut.run();
    });
  }
  function storeOf(family: string): TrialStore {
    const store = stores.get(family);
    if (!store) throw new Error(`no trial of ${family} is open`);
    return store;
  }
  const publishAll = async (family: string, notices: readonly Notice[]) => {
    for (const notice of notices) await publishNotice(bus, family, notice);
  };
  const consume = (
    name: 'LOG' | 'MODELS' | 'REVIEWS',
    consumer: string,
    handle: (delivery: Delivery) => Promise<void>,
    concurrency: number,
    notBefore?: (delivery: Delivery) => number,
  ) => {
    const running = runConsumer(bus, {
      onlooker: name === 'LOG',
      stream: subjects.stream(name),
      consumer,
      template: `${subjects.prefix}.${consumer}`,
      concurrency,
      onMissing: (missing) => context.degrade(consumer, missing ? 'its consumer is missing' : undefined),
      onError: (error, delivery, givenUp) =>
        log[givenUp ? 'error' : 'warn'](error.message, { consumer, sequence: delivery.sequence, given_up: givenUp }),
      handle,
      ...(notBefore ? { notBefore } : {}),
    });
    context.add({ name: consumer, busy: running.busy, stop: (limitMs) => running.stop(limitMs) });
  };

  const log_ = taskLog(bus);
  const record = (delivery: Delivery): LogRecord => decodeMessage('log record', logRecordSchema, delivery.data);
  consume(
    'LOG',
    DECISIONS,
    async (delivery) => {
      const decided = record(delivery);
      for (const [family, store] of stores) {
        const observed = observedOf(decided, family);
        if (!observed) continue;
        const origin = { consumer: DECISIONS, sequence: delivery.sequence };
        if (store.state().candidate !== undefined)
          await store.submit({ kind: 'decided', observed, at: Date.now() }, origin);
        const text = typeof decided.task.text === 'string' ? decided.task.text : '';
        await publishAll(family, healths.get(family)?.decided(observed, text) ?? []);
      }
    },
    256,
  );
  consume(
    'LOG',
    OUTCOMES,
    async (delivery) => {
      const decided = record(delivery);
      const due = Date.parse(decided.at) + fixed.outcome_age_ms;
      for (const [family, store] of stores) {
        const observed = observedOf(decided, family);
        if (!observed) continue;
        const last = await log_.last(observed.task);
        const late = last !== undefined && Date.parse(last.record.at) > due;
        const records = late ? await log_.history(observed.task) : last ? [last] : [];
        const judged = judgedOf(
          observed,
          records.map((logged) => logged.record),
          fixed,
        );
        await store.submit(
          { kind: 'judged', judged, at: Date.now() },
          { consumer: OUTCOMES, sequence: delivery.sequence },
        );
        await publishAll(family, healths.get(family)?.judged(judged) ?? []);
      }
    },
    16,
    // The stream keeps it until it is old enough to be judged: nothing is lost with this process.
    ({ storedAt }) => storedAt + fixed.outcome_age_ms - Date.now(),
  );
  consume(
    'MODELS',
    'deployer',
    async (delivery) => {
      const event = decodeMessage('model event', modelEventSchema, delivery.data);
      const store = stores.get(event.family);
      if (!store || event.version === undefined) return;
      const version = await registry.show(event.version);
      if (!version) return;
      await store.submit({
        kind: 'candidate',
        version: {
          name: version.name,
          metrics: version.metrics,
          ...(version.data && version.code ? { learnt: { rows: version.data.rows, code: version.code } } : {}),
        },
        number: version.version,
        createdAt: Date.parse(version.created_at),
        at: Date.now(),
      });
    },
    1,
  );
  consume(
    'REVIEWS',
    'deployer',
    async (delivery) => {
      const answer = decodeMessage('review answer', reviewAnswerSchema, delivery.data);
      // Whether it is the question that is open is for the stored state to say.
      for (const store of stores.values())
        if (answer.review?.startsWith(`deployer-${store.family}-`) && answer.answer !== undefined)
          await store.submit({
            kind: 'answer',
            review: answer.review,
            approve: /^(approve|yes|y|ok)$/i.test(answer.answer.trim()),
            by: answer.by ?? 'a person',
            at: Date.now(),
          });
    },
    1,
  );

  let ticking: Promise<void> = Promise.resolve();
  let idle = true;
  const timer = setInterval(() => {
    if (!idle) return;
    idle = false;
    ticking = Promise.allSettled(ticks.map((tick) => tick())).then((results) => {
      idle = true;
      const failed = results.find((result) => result.status === 'rejected');
      context.degrade('registry', failed ? String((failed as PromiseRejectedResult).reason) : undefined);
    });
  }, fixed.tick_ms);
  context.add({
    name: 'clock',
    async stop() {
      clearInterval(timer);
      await ticking;
    },
  });
}

const DECISIONS = 'deployer';
const OUTCOMES = 'deployer-outcomes';

// Does what the state says is to be done: aliases, alerts, events, questions to people. Everything here may be done twice without harm:
// aliases are compared first, notices carry the id under which the stream knows them.
import { type Bus, FamilyFrozen, type ModelRegistry, publish, RevisionConflict, TerminalError } from '@cortex/bus';
import { EVENT_TYPES } from '@cortex/schemas';
import { countModelEvent } from './measure.js';
import type { Notice, TrialState } from './state.js';
import type { TrialStore } from './store.js';

export interface CarryOut {
  /** Starts what is to be done, unless it is under way already. */
  run(): void;
  stop(): Promise<void>;
}

export function carryOutFor(
  bus: Bus,
  registry: ModelRegistry,
  store: () => TrialStore,
  onTrouble: (reason: string | undefined) => void,
): CarryOut {
  let working: Promise<void> | undefined;
  let again = false;
  let stopped = false;
  let failed = false;
  const once = async () => {
    try {
      do {
        again = false;
        // Who serves comes first: a roll-back must not wait for its own alert.
        await setAliases(bus, registry, store());
        await deliver(bus, store());
      } while (again && !stopped);
      failed = false;
      onTrouble(undefined);
    } catch (error) {
      failed = true;
      // It stands in the state: the next tick tries again.
      onTrouble(error instanceof Error ? error.message : String(error));
    }
  };
  const startWork = (): void => {
    working ??= once().finally(() => {
      working = undefined;
      if (again && !failed && !stopped) startWork();
    });
  };
  return {
    run() {
      const { wanted, outbox } = store().state();
      if (stopped || (!wanted && outbox.length === 0)) return;
      again = true;
      startWork();
    },
    async stop() {
      stopped = true;
      await working;
    },
  };
}

async function setAliases(bus: Bus, registry: ModelRegistry, store: TrialStore): Promise<void> {
  const { wanted, aliasRevision, family } = store.state();
  if (!wanted) return;
  const at = Date.now();
  try {
    const { champion, challenger, shadow, share } = wanted;
    const aliases = await registry.setAliases(
      family,
      { champion: champion ?? null, challenger: challenger ?? null, shadow: shadow ?? null, share },
      {
        by: `deployer ${bus.instance}`,
        reason: wanted.reason,
        event: wanted.event,
        expectedRevision: aliasRevision,
        ...(wanted.evidence === undefined ? {} : { evidence: wanted.evidence }),
      },
    );
    countModelEvent(family, wanted.event);
    await store.submit(aliasEvent(aliases, at));
  } catch (error) {
    if (error instanceof RevisionConflict) {
      await store.submit(aliasEvent(await registry.aliases(family), at));
      return;
    }
    if (!(error instanceof FamilyFrozen) && !(error instanceof TerminalError)) throw error;
    await store.submit({ kind: 'refused', wanted, reason: error.message, at });
  }
}

export function aliasEvent(aliases: Awaited<ReturnType<ModelRegistry['aliases']>>, at: number) {
  const { champion, challenger, shadow, share, frozen, revision, history } = aliases;
  return {
    kind: 'aliases' as const,
    aliases: {
      ...(champion === undefined ? {} : { champion }),
      ...(challenger === undefined ? {} : { challenger }),
      ...(shadow === undefined ? {} : { shadow }),
      share,
    },
    frozen: frozen === true,
    revision,
    by: history.at(-1)?.by ?? 'somebody',
    at,
  };
}

async function deliver(bus: Bus, store: TrialStore): Promise<void> {
  const { outbox, family } = store.state();
  if (outbox.length === 0) return;
  for (const notice of outbox) await publishNotice(bus, family, notice);
  await store.submit({ kind: 'delivered', notices: outbox.map(({ id }) => id), at: Date.now() });
}

export async function publishNotice(bus: Bus, family: TrialState['family'], notice: Notice): Promise<void> {
  const at = new Date().toISOString();
  const { id } = notice;
  const evidence = notice.evidence === undefined ? {} : { evidence: notice.evidence };
  switch (notice.kind) {
    case 'alert': {
      const { severity, alert, summary, action } = notice;
      await publish(
        bus,
        bus.subjects.alert(severity),
        { id, severity, kind: alert, summary, at, family, ...evidence, ...(action === undefined ? {} : { action }) },
        { type: EVENT_TYPES.alert, id },
      );
      return;
    }
    case 'event': {
      const { event, version, reason } = notice;
      await publish(
        bus,
        bus.subjects.model(family, event),
        { family, event, ...(version === undefined ? {} : { version }), at, by: bus.instance, reason, ...evidence },
        { type: EVENT_TYPES.model, id },
      );
      countModelEvent(family, event);
      return;
    }
    case 'review': {
      const { version, question } = notice;
      await publish(
        bus,
        bus.subjects.reviewsRequested,
        {
          id,
          kind: 'model',
          question,
          context: { family, version, ...(notice.evidence === undefined ? {} : { evidence: notice.evidence }) },
          asked_by: bus.instance,
          asked_at: at,
          default: 'everything stays as it is; answer approve or reject',
        },
        { type: EVENT_TYPES.reviewRequested, id },
      );
    }
  }
}

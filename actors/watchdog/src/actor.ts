// The watchdog. Takes: telemetry, claims, the log, presence, backlogs. Gives: alerts, interventions, questions to people. Keeps what must
// outlive it in the bucket `watch`. Any number may run: all watch, one leads and speaks.
import {
  type ActorContext,
  type ActorDefinition,
  count,
  openMasters,
  openSettings,
  publish,
  taskLog,
} from '@cortex/bus';
import { type Alert, checkMessage, EVENT_TYPES } from '@cortex/schemas';
import { type AlertChange, identity, noteAction } from './alerts/book.js';
import { alertMessage, messageIdOf } from './alerts/message.js';
import { openOutlets } from './alerts/outlets.js';
import { watchAnomalies } from './anomalies/anomalies.js';
import { followAnomalies } from './anomalies/champion.js';
import { startDiscovery } from './discovery/discovery.js';
import type { WatchEvent } from './events.js';
import { keyOf, openJournal } from './journal.js';
import { runForLeader } from './leader.js';
import { liveSettings } from './live.js';
import { measureFleet } from './measure.js';
import { createMender, undoAct } from './mend/mender.js';
import { startMending } from './mend/mending.js';
import { openKeeper } from './reviews/keeper.js';
import { startScaling } from './scaling/scaling.js';
import { type WatchdogSettings, type WatchdogSettingsInput, watchdogSettingsSchema } from './settings.js';
import { openSources, readBacklogs } from './sources.js';
import { liveWorkers, tuneConcurrency } from './tuning/tuning.js';
import { adopt, startWatching } from './watching.js';

/** Alertmanager forgets an alert after five minutes (its `resolve_timeout`) unless it is said again. */
const REPEAT_MS = 60_000;

/** Throws InvalidMessage naming the setting that does not fit. */
export function watchdogActor(input: WatchdogSettingsInput = {}): ActorDefinition {
  const settings = checkMessage('watchdog settings', watchdogSettingsSchema, input);
  return {
    name: 'watchdog',
    description: 'Sees faults in seconds, says so once, mends what it may, and asks a person about the rest.',
    start: (context) => start(context, settings),
  };
}

async function start(context: ActorContext, settings: WatchdogSettings): Promise<void> {
  const { bus, log } = context;
  const journal = await openJournal(bus);
  const stored = await openSettings(bus);
  context.add({ name: 'settings', stop: () => stored.close() });
  const live = liveSettings(settings, stored, log);
  const outlets = openOutlets({
    alertmanager: () => live().alertmanager,
    webhook: () => live().webhook,
    onError: (what, error) => log.warn(`an alert did not reach the ${what}`, { error: error.message }),
  });
  context.add({ name: 'outlets', stop: () => outlets.stop() });

  const announced = new Map<string, Alert>();
  let leading = false;
  const announce = async (change: AlertChange, now: number) => {
    const key = identity(change.alert.finding);
    const message = { ...alertMessage(change, now, bus.instance), identity: key };
    if (change.change === 'resolved') announced.delete(key);
    else announced.set(key, message);
    outlets.send(message);
    count('alerts', { alert: change.alert.kind, severity: message.severity, change: change.change });
    try {
      await publish(bus, bus.subjects.alert(message.severity), message, {
        type: EVENT_TYPES.alert,
        id: messageIdOf(change),
      });
      if (change.change === 'resolved') await journal.remove(keyOf('alert', key));
      else await journal.put(keyOf('alert', key), message);
    } catch (error) {
      log.warn('an alert could not be stored', { alert: message.id, error: String(error) });
    }
  };
  const watching = startWatching(
    () => live().thresholds,
    (changes, findings, now) => {
      if (!leading) return;
      for (const change of changes) void announce(change, now);
      mending.changes(changes);
      mending.findings(findings, now);
    },
    Date.now(),
  );
  const masters = await openMasters(bus);
  context.add({ name: 'masters', stop: () => masters.close() });
  const mender = createMender({ bus, tasks: taskLog(bus), masters }, journal, log);
  const mending = startMending({
    mender,
    journal,
    masters,
    settings: live,
    state: watching.state,
    alertOf: (finding) => watching.book.open.get(identity(finding))?.id,
    onDone(finding, record, words) {
      if (record?.state === 'done') count('interventions', { kind: record.kind });
      if (!finding) return;
      const now = Date.now();
      for (const change of noteAction(watching.book, identity(finding), words)) void announce(change, now);
    },
    feed: (event) => watching.take(event, Date.now()),
    undo: (id) => undoAct(bus, id, 'watchdog'),
    log,
  });
  context.add({ name: 'mending', stop: () => mending.stop() });
  const anomalies = watchAnomalies({
    windowMs: settings.windowMs,
    aDay: () => live().anomaliesADay,
    onFindings: (findings, now) => watching.add(findings, now),
    log,
  });
  context.add({ name: 'anomalies', stop: () => anomalies.stop() });
  await followAnomalies(context, settings, (folder) => anomalies.use(folder));
  const tuning = tuneConcurrency({
    bus,
    journal,
    mender,
    leads: () => leading && live().mode === 'act',
    setting: () => live().tune,
    masters: () => masters.list().map((master) => master.name),
    workersOf: (master) => liveWorkers(watching.state(), master),
    roundMs: settings.tuneRoundMs,
    targetSeconds: settings.tuneTargetSeconds,
    random: Math.random,
    log,
  });
  context.add({ name: 'tuning', stop: () => tuning.stop() });
  const take = (event: WatchEvent, at: number) => {
    watching.take(event, at);
    tuning.take(event, at);
    if (event.kind === 'beat') anomalies.take(event, at);
    else if (event.kind === 'tick') anomalies.tick(at);
    if (leading) mending.happened(event, at);
  };
  const scaling = startScaling({
    bus,
    settings: settings.scaling,
    leads: () => leading,
    masters: () =>
      masters
        .list()
        .filter((master) => master.status === 'active')
        .map((master) => master.name),
    log,
  });
  context.add({ name: 'forecasts', stop: () => scaling.stop() });
  const discovery = startDiscovery({
    bus,
    journal,
    masters,
    leads: () => leading,
    announced: () =>
      [...watching.state().workers.values()].map(({ worker, master, capabilities = [] }) => ({
        worker,
        master,
        capabilities,
      })),
    encoder: settings.encoder === '' || settings.encoder === 'none' ? undefined : settings.encoder,
    everyMs: settings.discoveryHours * 3_600_000,
    least: settings.discoveryLeast,
    log,
  });
  context.add({ name: 'discovery', stop: () => discovery.stop() });
  const keeper = openKeeper({
    bus,
    settings: live,
    onFindings: (findings, now) => watching.add(findings, now),
    log,
  });
  context.add({ name: 'reviews', subject: bus.subjects.reviews, stop: () => keeper.stop() });
  const sources = openSources(bus, settings.catchUpHours, take, scaling.take, log);
  context.add({ name: 'sources', subject: bus.subjects.telemetryAll, stop: () => sources.stop() });
  let caughtUp = false;
  void sources.caughtUp.then(() => {
    caughtUp = true;
  });

  const tick = setInterval(() => {
    if (!caughtUp || bus.state() !== 'connected') return;
    const now = Date.now();
    take({ kind: 'tick' }, now);
    if (leading) keeper.look(now);
  }, settings.tickMs);
  const measures = measureFleet(
    bus,
    () => leading,
    watching.state,
    () => watching.book.open.values(),
  );
  context.add({ name: 'measures', stop: () => measures.stop() });
  let looking = false;
  const backlogs = setInterval(() => {
    if (looking || bus.state() !== 'connected') return;
    looking = true;
    void readBacklogs(bus)
      .then((found) => {
        const now = Date.now();
        for (const backlog of found) watching.take(backlog, now);
        measures.looked(found);
        context.degrade('consumers', undefined);
      })
      .catch((error: Error) => context.degrade('consumers', `their backlogs cannot be read (${error.message})`))
      .finally(() => {
        looking = false;
      });
  }, settings.backlogMs);
  const repeat = setInterval(() => leading && outlets.repeat([...announced.values()]), REPEAT_MS);
  context.add({
    name: 'looks',
    stop() {
      clearInterval(tick);
      clearInterval(backlogs);
      clearInterval(repeat);
    },
  });

  const lead = async () => {
    const now = Date.now();
    const earlier = (await journal.list<Alert>('alert')).map(({ value }) => value);
    adopt(watching.book, earlier, now);
    for (const alert of earlier) announced.set(String(alert.identity), alert);
    leading = true;
    await mending.takeUp();
    void discovery.takeUp().catch((error) => log.warn('answered proposals wait', { error: String(error) }));
    // What was found while another led, and it had not said.
    for (const [key, alert] of watching.book.open)
      if (!announced.has(key) && !alert.folded) void announce({ change: 'fired', alert }, now);
    // What an earlier leader announced, and nobody finds any more.
    setTimeout(() => {
      if (!leading) return;
      for (const alert of earlier) {
        const key = String(alert.identity);
        if (watching.book.open.has(key) || !announced.has(key)) continue;
        announced.delete(key);
        const at = new Date().toISOString();
        const over: Alert = { ...alert, status: 'resolved', at, ends_at: at, by: bus.instance };
        outlets.send(over);
        void publish(bus, bus.subjects.alert(alert.severity), over, {
          type: EVENT_TYPES.alert,
          id: `${alert.id}-resolved-${alert.count ?? 0}`,
        })
          .then(() => journal.remove(keyOf('alert', key)))
          .catch(() => undefined);
      }
    }, 20 * settings.tickMs).unref();
  };
  const leadership = runForLeader(
    bus,
    journal.kv,
    settings.takeOverMs,
    (leads) => {
      if (!leads) leading = false;
      else
        void sources.caughtUp
          .then(lead)
          .catch((error) => log.error('could not take the lead', { error: String(error) }));
    },
    log,
  );
  context.add({ name: 'leader', stop: () => leadership.stop() });
}

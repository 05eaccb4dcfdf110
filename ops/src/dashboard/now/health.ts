// What is not as it should be and what that means for somebody who waits for work to be done. A pure function of what is known.
import type { Alert } from '@cortex/schemas';
import type { ActorRow, Ailment, BusWord, MasterFlow } from '../wire.js';

export interface HealthFacts {
  readonly bus: BusWord;
  readonly actors: readonly ActorRow[];
  readonly masters: readonly MasterFlow[];
  readonly inletWaiting: number;
  /** Share of the last minute's decisions within the bound; null without any. */
  readonly within: number | null;
  readonly decidedLastMinute: number;
  readonly dead: number;
  /** Alerts that are not over, worst first. */
  readonly alerts: readonly Alert[];
}

/** What it means when nobody of an actor is there. Actors that are not named here are extras. */
const ABSENT: Readonly<Record<string, { means: string; severity: Ailment['severity'] }>> = {
  coordinator: {
    means: 'Nothing is decided and no outcome is taken. Tasks are kept and wait; none is lost.',
    severity: 'critical',
  },
  router: {
    means:
      'Nobody is asked where a task belongs: the coordinator decides by its own rules, and asks a person more often.',
    severity: 'warning',
  },
  predictor: {
    means: 'Decisions carry no expected success, time and tokens, and do not weigh them.',
    severity: 'warning',
  },
};

/** Most serious first. */
export function ailments(facts: HealthFacts): Ailment[] {
  const found: Ailment[] = [];
  if (facts.bus !== 'connected')
    return [
      {
        what: 'The bus is away',
        means: 'What stands here is from before. Publishers and actors wait and go on by themselves when it is back.',
        severity: 'critical',
      },
    ];
  const serving = (actor: string) =>
    facts.actors.some((row) => row.actor === actor && (row.state === 'ready' || row.state === 'degraded'));
  for (const [actor, { means, severity }] of Object.entries(ABSENT))
    if (!serving(actor)) found.push({ what: `No ${actor} runs`, means, severity });
  for (const row of facts.actors) {
    if (row.state === 'degraded')
      found.push({
        what: `${row.actor} makes do`,
        means: row.detail ?? 'It works with less than it could.',
        severity: 'warning',
      });
    if (row.state === 'failed')
      found.push({ what: `${row.actor} failed`, means: row.detail ?? 'It is started again.', severity: 'warning' });
  }
  for (const flow of facts.masters) {
    // What lies with the coordinator waits for a person, not for a worker.
    if (flow.master !== 'coordinator' && flow.waiting > 0 && flow.workers === 0 && flow.in_hand === 0)
      found.push({
        what: `Nobody works for ${flow.master}`,
        means: `${flow.waiting} ${flow.waiting === 1 ? 'task waits' : 'tasks wait'}: start a worker with "cortex worker --master ${flow.master} --exec CMD".`,
        severity: 'warning',
      });
  }
  if (facts.within !== null && facts.decidedLastMinute >= 20 && facts.within < 0.95)
    found.push({
      what: 'Decisions are slow',
      means: `Only ${Math.round(facts.within * 100)} % of the last minute's were made within 100 ms: more routers ("cortex actor router") share the load.`,
      severity: 'warning',
    });
  if (facts.inletWaiting > 1_000)
    found.push({
      what: `${facts.inletWaiting} tasks wait to be decided`,
      means: 'They arrive faster than coordinators and routers take them.',
      severity: 'warning',
    });
  for (const alert of facts.alerts.filter((one) => one.severity !== 'info').slice(0, 3))
    found.push({
      what: alert.summary.replace(/\.$/, ''),
      means: alert.action
        ? `Done about it: ${alert.action}.`
        : alert.cause
          ? `Probably: ${alert.cause}.`
          : 'Nothing was done about it yet.',
      severity: alert.severity === 'critical' ? 'critical' : 'warning',
    });
  if (facts.dead > 0)
    found.push({
      what: `${facts.dead} dead ${facts.dead === 1 ? 'letter' : 'letters'}`,
      means: 'Messages that could not be processed are kept with their reason, to be put back or dropped.',
      severity: 'warning',
    });
  const order = { critical: 0, warning: 1 };
  return found.sort((a, b) => order[a.severity] - order[b.severity]);
}

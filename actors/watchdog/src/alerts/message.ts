// Alerts as messages: the form of the contract for the ALERTS stream, and Alertmanager's (API v2) for whoever has one.
import type { Alert } from '@cortex/schemas';
import type { AlertChange } from './book.js';

/** The message for `alerts.<severity>`. */
export function alertMessage({ change, alert }: AlertChange, now: number, by: string): Alert {
  const { finding } = alert;
  return {
    id: alert.id,
    severity: alert.severity,
    kind: alert.kind,
    summary: finding.summary,
    at: new Date(now).toISOString(),
    status: change === 'resolved' ? 'resolved' : 'firing',
    cause: finding.cause,
    group: alert.group,
    count: alert.count,
    starts_at: new Date(alert.openedAt).toISOString(),
    since: new Date(finding.since).toISOString(),
    ...(change === 'resolved' ? { ends_at: new Date(now).toISOString() } : {}),
    ...(finding.master === undefined ? {} : { master: finding.master }),
    ...(finding.worker === undefined ? {} : { worker: finding.worker }),
    ...(finding.task === undefined ? {} : { task: finding.task }),
    ...(finding.actor === undefined ? {} : { actor: finding.actor }),
    ...(finding.traceId === undefined ? {} : { trace_id: finding.traceId }),
    evidence: { ...finding.evidence },
    ...(alert.actions.length === 0 ? {} : { action: actionOf(alert) }),
    by,
  };
}

/** What makes it one message, however often it is published. Two steps may be taken within one look: each is said. */
export function messageIdOf({ change, alert }: AlertChange): string {
  return `${alert.id}-${change}-${alert.count}.${alert.acted}`;
}

function actionOf({ actions, acted }: AlertChange['alert']): string {
  const more = acted - actions.length;
  return `${actions.join('; ')}${more > 0 ? ` (and ${more} before)` : ''}`;
}

export interface AlertmanagerAlert {
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
  readonly startsAt: string;
  readonly endsAt?: string;
}

/** One entry of `POST /api/v2/alerts`. Labels are its identity there, so they hold nothing that changes while the alert is open. */
export function alertmanagerAlert(alert: Alert): AlertmanagerAlert {
  const labels: Record<string, string> = { alertname: camel(alert.kind), service: 'cortex', id: alert.id };
  for (const name of ['master', 'worker', 'task', 'actor'] as const) {
    const value = alert[name];
    if (typeof value === 'string') labels[name] = value;
  }
  return {
    labels,
    annotations: {
      severity: alert.severity,
      summary: alert.summary,
      cause: String(alert.cause ?? ''),
      evidence: JSON.stringify(alert.evidence ?? {}).slice(0, 4_000),
      ...(alert.action === undefined ? {} : { action: alert.action }),
      ...(typeof alert.trace_id === 'string' ? { trace_id: alert.trace_id } : {}),
    },
    startsAt: String(alert.starts_at ?? alert.at),
    ...(typeof alert.ends_at === 'string' ? { endsAt: alert.ends_at } : {}),
  };
}

/** `no-heartbeat` → `CortexNoHeartbeat`, as alert names are written there. */
function camel(kind: string): string {
  return `Cortex${kind.replaceAll(/(?:^|[^A-Za-z0-9]+)([A-Za-z0-9])/g, (_, c: string) => c.toUpperCase())}`;
}

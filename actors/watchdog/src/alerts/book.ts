// Findings become alerts: one per fault and target however often it is found, many of a kind folded into one, each resolved when it is over.
import type { Finding, Severity } from '../finding.js';

export interface OpenAlert {
  readonly id: string;
  readonly kind: Finding['kind'];
  readonly target: string;
  readonly group: string;
  severity: Severity;
  finding: Finding;
  readonly openedAt: number;
  seenAt: number;
  /** Times found. */
  count: number;
  /** What was done about it. */
  action?: string;
  /** Folded into its group's alert: not announced by itself. */
  folded: boolean;
  /** Of a group's alert: the targets folded into it. */
  members?: string[];
}

export type AlertChange = { readonly change: 'fired' | 'worse' | 'acted' | 'resolved'; readonly alert: OpenAlert };

export interface AlertBook {
  readonly open: Map<string, OpenAlert>;
  /** Resolved lately, by identity: what comes back soon is the same trouble under the same id. */
  readonly lately: Map<string, { id: string; openedAt: number; at: number; count: number }>;
}

/** So many alerts of one kind and master are announced one by one. */
export const MOST_SINGLE = 5;
/** Back within so long is the same alert. */
const SAME_MS = 300_000;
const RANK: Record<Severity, number> = { info: 0, warning: 1, critical: 2 };

export function newBook(): AlertBook {
  return { open: new Map(), lately: new Map() };
}

export function identity(finding: Pick<Finding, 'kind' | 'target'>): string {
  return `${finding.kind} ${finding.target}`;
}

/** Takes findings in; answers what is new or worse. */
export function takeFindings(book: AlertBook, findings: readonly Finding[], now: number): AlertChange[] {
  const changes: AlertChange[] = [];
  for (const finding of findings) {
    const key = identity(finding);
    const known = book.open.get(key);
    if (known) {
      known.finding = finding;
      known.seenAt = now;
      known.count++;
      if (RANK[finding.severity] > RANK[known.severity]) {
        known.severity = finding.severity;
        if (!known.folded) changes.push({ change: 'worse', alert: known });
      }
      continue;
    }
    const earlier = book.lately.get(key);
    const same = earlier && now - earlier.at < SAME_MS ? earlier : undefined;
    book.lately.delete(key);
    const group = `${finding.kind} ${finding.master ?? finding.actor ?? ''}`.trim();
    const alert: OpenAlert = {
      id: same?.id ?? `${slug(finding.kind)}-${slug(finding.target)}-${Math.round(now).toString(36)}`,
      kind: finding.kind,
      target: finding.target,
      group,
      severity: finding.severity,
      finding,
      openedAt: same?.openedAt ?? now,
      seenAt: now,
      count: (same?.count ?? 0) + 1,
      folded: false,
    };
    book.open.set(key, alert);
    changes.push(...announce(book, alert, now));
  }
  return changes;
}

function announce(book: AlertBook, alert: OpenAlert, now: number): AlertChange[] {
  const alike = [...book.open.values()].filter((other) => other.group === alert.group && !other.members);
  if (alike.length <= MOST_SINGLE) return [{ change: 'fired', alert }];
  alert.folded = true;
  const key = `group ${alert.group}`;
  const known = book.open.get(key);
  const targets = alike.filter((other) => other.folded).map((other) => other.target);
  if (known) {
    known.members = targets;
    known.seenAt = now;
    known.count++;
    known.finding = groupFinding(alert.finding, alike.length, targets);
    return [];
  }
  const folding: OpenAlert = {
    id: `many-${slug(alert.group)}-${Math.round(now).toString(36)}`,
    kind: alert.kind,
    target: key,
    group: alert.group,
    severity: alert.severity,
    finding: groupFinding(alert.finding, alike.length, targets),
    openedAt: now,
    seenAt: now,
    count: 1,
    folded: false,
    members: targets,
  };
  book.open.set(key, folding);
  return [{ change: 'fired', alert: folding }];
}

function groupFinding(one: Finding, count: number, targets: readonly string[]): Finding {
  const { worker: _w, task: _t, instance: _i, ...rest } = one;
  return {
    ...rest,
    target: `group ${one.kind} ${one.master ?? one.actor ?? ''}`.trim(),
    summary: `${count} times ${one.kind}${one.master ? ` of ${one.master}` : ''}; the latest: ${one.summary}`,
    evidence: { count, targets: targets.slice(-20), latest: one.evidence },
  };
}

/** Closes what was not found again for its hold time. */
export function closeOver(book: AlertBook, now: number): AlertChange[] {
  const changes: AlertChange[] = [];
  for (const [key, alert] of book.open) {
    if (alert.members) {
      const left = [...book.open.values()].some((other) => other.group === alert.group && other.folded);
      if (left) continue;
    } else if (now - alert.seenAt <= alert.finding.holdMs) continue;
    book.open.delete(key);
    if (!alert.members) book.lately.set(key, { id: alert.id, openedAt: alert.openedAt, at: now, count: alert.count });
    if (!alert.folded) changes.push({ change: 'resolved', alert });
  }
  for (const [key, { at }] of book.lately) if (now - at > SAME_MS) book.lately.delete(key);
  return changes;
}

/** Notes what was done about a fault. */
export function noteAction(book: AlertBook, key: string, action: string): AlertChange[] {
  const alert = book.open.get(key);
  if (!alert || alert.action === action) return [];
  alert.action = action;
  return alert.folded ? [] : [{ change: 'acted', alert }];
}

function slug(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9_.-]+/g, '-').slice(0, 80);
}

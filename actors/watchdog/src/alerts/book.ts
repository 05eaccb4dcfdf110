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
  /** What was done about it: the last few steps, and how many there were. */
  actions: string[];
  acted: number;
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
/** So many steps are told of an alert; a group's members have one ladder each, so its later ones are only counted. */
const MOST_ACTIONS = 5;
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
      if (raise(known, finding.severity)) {
        if (!known.folded) changes.push({ change: 'worse', alert: known });
        else changes.push(...worseGroup(book, known));
      }
      continue;
    }
    const same = backSoon(book, key, now);
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
      actions: [],
      acted: 0,
      folded: false,
    };
    book.open.set(key, alert);
    changes.push(...announce(book, alert, now));
  }
  return changes;
}

function raise(alert: OpenAlert, severity: Severity): boolean {
  if (RANK[severity] <= RANK[alert.severity]) return false;
  alert.severity = severity;
  return true;
}

/** A group is as grave as its gravest member: who is told of the group alone must hear of it. */
function worseGroup(book: AlertBook, member: OpenAlert): AlertChange[] {
  const group = book.open.get(groupKey(member));
  return group && raise(group, member.severity) ? [{ change: 'worse', alert: group }] : [];
}

/** The identity of its group's finding: whoever leads next knows it by that. */
function groupKey({ kind, group }: Pick<OpenAlert, 'kind' | 'group'>): string {
  return identity({ kind, target: `group ${group}` });
}

function backSoon(book: AlertBook, key: string, now: number) {
  const earlier = book.lately.get(key);
  book.lately.delete(key);
  return earlier && now - earlier.at < SAME_MS ? earlier : undefined;
}

function announce(book: AlertBook, alert: OpenAlert, now: number): AlertChange[] {
  const alike = [...book.open.values()].filter((other) => other.group === alert.group && !other.members);
  if (alike.length <= MOST_SINGLE) return [{ change: 'fired', alert }];
  alert.folded = true;
  const key = groupKey(alert);
  const known = book.open.get(key);
  const targets = alike.filter((other) => other.folded).map((other) => other.target);
  if (known) {
    known.members = targets;
    known.seenAt = now;
    known.count++;
    known.finding = groupFinding(alert, alike.length, targets);
    return worseGroup(book, alert);
  }
  const same = backSoon(book, key, now);
  const folding: OpenAlert = {
    id: same?.id ?? `many-${slug(alert.group)}-${Math.round(now).toString(36)}`,
    kind: alert.kind,
    target: `group ${alert.group}`,
    group: alert.group,
    severity: alert.severity,
    finding: groupFinding(alert, alike.length, targets),
    openedAt: same?.openedAt ?? now,
    seenAt: now,
    count: (same?.count ?? 0) + 1,
    actions: [],
    acted: 0,
    folded: false,
    members: targets,
  };
  book.open.set(key, folding);
  return [{ change: 'fired', alert: folding }];
}

function groupFinding({ finding: one, group }: OpenAlert, count: number, targets: readonly string[]): Finding {
  const { worker: _w, task: _t, instance: _i, ...rest } = one;
  return {
    ...rest,
    target: `group ${group}`,
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
    book.lately.set(key, { id: alert.id, openedAt: alert.openedAt, at: now, count: alert.count });
    if (!alert.folded) changes.push({ change: 'resolved', alert });
  }
  for (const [key, { at }] of book.lately) if (now - at > SAME_MS) book.lately.delete(key);
  return changes;
}

/** Notes what was done about a fault; of one that is folded, on its group. */
export function noteAction(book: AlertBook, key: string, action: string): AlertChange[] {
  const alert = book.open.get(key);
  if (!alert || alert.actions.includes(action)) return [];
  note(alert, action);
  if (!alert.folded) return [{ change: 'acted', alert }];
  const group = book.open.get(groupKey(alert));
  if (!group) return [];
  note(group, action);
  return group.acted <= MOST_ACTIONS ? [{ change: 'acted', alert: group }] : [];
}

function note(alert: OpenAlert, action: string): void {
  alert.acted++;
  alert.actions = [...alert.actions, action].slice(-MOST_ACTIONS);
}

function slug(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9_.-]+/g, '-').slice(0, 80);
}

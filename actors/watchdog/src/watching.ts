// The stateful middle between pure core and bus: events in, changes of alerts out. Runs alike in every watchdog; only the leader speaks.
import type { Alert } from '@cortex/schemas';
import { type AlertBook, type AlertChange, closeOver, newBook, takeFindings } from './alerts/book.js';
import type { WatchEvent } from './events.js';
import type { Finding, Thresholds } from './finding.js';
import { observe } from './observe.js';
import { newState, type WatchState } from './state.js';

export interface Watching {
  readonly state: () => WatchState;
  readonly book: AlertBook;
  take(event: WatchEvent, now: number): void;
  /** Findings that come from elsewhere: anomalies, drift. */
  add(findings: readonly Finding[], now: number): void;
}

/** @param onChanges told about alerts that fired, got worse or ended, and the findings behind them, at every look. */
export function startWatching(
  thresholds: () => Thresholds,
  onChanges: (changes: readonly AlertChange[], findings: readonly Finding[], now: number) => void,
  startedAt: number,
): Watching {
  let state = newState(startedAt);
  const book = newBook();
  const add = (findings: readonly Finding[], now: number) => {
    const changes = takeFindings(book, findings, now);
    if (changes.length > 0 || findings.length > 0) onChanges(changes, findings, now);
  };
  return {
    state: () => state,
    book,
    add,
    take(event, now) {
      const seen = observe(state, event, now, thresholds());
      state = seen.state;
      add(seen.findings, now);
      if (event.kind !== 'tick') return;
      const over = closeOver(book, now);
      if (over.length > 0) onChanges(over, [], now);
    },
  };
}

/** Takes over what an earlier leader had announced: known troubles keep their ids, so that nobody is told twice. */
export function adopt(book: AlertBook, announced: readonly Alert[], now: number): void {
  for (const alert of announced) {
    const key = typeof alert.identity === 'string' ? alert.identity : undefined;
    if (key === undefined) continue;
    const openedAt = Date.parse(String(alert.starts_at ?? alert.at));
    const mine = book.open.get(key);
    const done =
      typeof alert.action === 'string' && mine?.actions.length === 0 ? { actions: [alert.action], acted: 1 } : {};
    if (mine) book.open.set(key, { ...mine, id: alert.id, openedAt, ...done });
    else book.lately.set(key, { id: alert.id, openedAt, at: now, count: Number(alert.count ?? 1) });
  }
}

// Where alerts go besides the bus: an Alertmanager and a webhook, over HTTP. Bounded and patient: a dead receiver costs nothing but its alerts.
import type { Alert } from '@cortex/schemas';
import { alertmanagerAlert } from './message.js';

export interface Outlets {
  send(alert: Alert): void;
  /** Says firing alerts again: Alertmanager forgets what is not repeated. */
  repeat(alerts: readonly Alert[]): void;
  stop(): void;
}

export interface OutletOptions {
  /** Base address of an Alertmanager, such as http://localhost:9093; undefined: none. */
  readonly alertmanager: () => string | undefined;
  /** Gets each alert as JSON; undefined: none. */
  readonly webhook: () => string | undefined;
  readonly onError: (what: string, error: Error) => void;
  /** Times a message is tried, with growing pauses. Default 5. */
  readonly tries?: number;
}

const MOST_WAITING = 1_000;
const TIMEOUT_MS = 5_000;

export function openOutlets(options: OutletOptions): Outlets {
  let waiting = 0;
  let stopped = false;
  const post = async (what: string, url: string, body: unknown) => {
    if (waiting >= MOST_WAITING)
      return options.onError(what, new Error(`${MOST_WAITING} messages wait: one was left out`));
    waiting++;
    try {
      for (let tried = 1; !stopped; tried++) {
        try {
          const response = await fetch(url, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(body),
            signal: AbortSignal.timeout(TIMEOUT_MS),
            redirect: 'error',
          });
          await response.arrayBuffer();
          if (response.ok) return;
          const error = new Error(`answered ${response.status}`);
          // It will not like the same message better next time.
          if (response.status >= 400 && response.status < 500 && response.status !== 429)
            return options.onError(what, error);
          throw error;
        } catch (error) {
          if (tried >= (options.tries ?? 5)) return options.onError(what, error as Error);
          await new Promise((resolve) => setTimeout(resolve, Math.min(30_000, 500 * 2 ** tried)).unref());
        }
      }
    } finally {
      waiting--;
    }
  };
  const toAlertmanager = (alerts: readonly Alert[]) => {
    const base = options.alertmanager();
    if (!base || alerts.length === 0) return;
    void post('alertmanager', `${base.replace(/\/+$/, '')}/api/v2/alerts`, alerts.map(alertmanagerAlert));
  };
  return {
    send(alert) {
      toAlertmanager([alert]);
      const webhook = options.webhook();
      if (webhook) void post('webhook', webhook, alert);
    },
    repeat: toAlertmanager,
    stop() {
      stopped = true;
    },
  };
}

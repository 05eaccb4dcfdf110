// Settings as they are right now: what the actor was given, overridden by `watchdog.*` keys that people change while it runs.
import type { LiveSettings, Logger } from '@cortex/bus';
import { type WatchdogSettings, watchdogSettingsSchema } from './settings.js';

const KEYS = {
  'watchdog.mode': 'mode',
  'watchdog.thresholds': 'thresholds',
  'watchdog.alertmanager': 'alertmanager',
  'watchdog.webhook': 'webhook',
  'watchdog.anomalies_a_day': 'anomaliesADay',
  'watchdog.most_share': 'mostShare',
  'watchdog.tune': 'tune',
  'watchdog.reviewers': 'reviewers',
  'watchdog.reviews_a_day': 'reviewsADay',
  'watchdog.review_default': 'reviewDefault',
} as const satisfies Record<string, keyof WatchdogSettings>;

/** A value that does not fit is passed over, and said once. */
export function liveSettings(given: WatchdogSettings, stored: LiveSettings, log: Logger): () => WatchdogSettings {
  let current = given;
  const read = () => {
    let next: WatchdogSettings = given;
    for (const [key, name] of Object.entries(KEYS)) {
      const value = stored.get(key);
      if (value === undefined) continue;
      const merged = name === 'thresholds' ? { ...given.thresholds, ...(value as object) } : value;
      const checked = watchdogSettingsSchema.safeParse({ ...next, [name]: merged });
      if (checked.success) next = checked.data;
      else log.warn(`the setting ${key} does not fit: ${checked.error.issues[0]?.message ?? 'it is not valid'}`);
    }
    current = next;
  };
  read();
  stored.onChange((key) => {
    if (key.startsWith('watchdog.')) read();
  });
  return () => current;
}

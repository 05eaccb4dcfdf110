// The door of the watchdog: sees faults, raises alerts, mends.
export const ACTOR = 'watchdog';

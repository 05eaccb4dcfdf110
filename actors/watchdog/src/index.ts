export { watchdogActor } from './actor.js';
export type { WatchEvent } from './events.js';
export { DEFAULT_THRESHOLDS, FAULT_KINDS, type FaultKind, type Finding, type Thresholds } from './finding.js';
export { CannotUndo, listActs, undoAct } from './mend/mender.js';
export { ACTION_KINDS, type ActRecord } from './mend/types.js';
export { observe } from './observe.js';
export { RULES } from './rules/index.js';
export { type WatchdogSettings, type WatchdogSettingsInput, watchdogSettingsSchema } from './settings.js';
export { newState, type WatchState } from './state.js';

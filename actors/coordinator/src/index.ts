export { coordinatorActor } from './actor.js';
export { type DecisionInputs, FALLBACK_MASTER, makeDecision, reviewId } from './decide/decision.js';
export { carryOut, type Shell, type Trigger } from './handlers/carry-out.js';
export { type CoordinatorSettings, settingsSchema } from './settings.js';
export { type Append, decidedRecord, isTerminal, type Plan, plan, type TaskEvent } from './state/machine.js';

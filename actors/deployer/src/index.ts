// The door of the deployer: tries new models on part of the traffic, promotes and rolls back.
export { deployerActor } from './actor.js';
export { judgedOf, observedOf } from './judged.js';
export { step } from './machine.js';
export { type DeployerSettings, type DeployerSettingsInput, deployerSettingsSchema } from './settings.js';
export { newState, type TrialEvent, type TrialState } from './state.js';
export { type Simulated, type Simulation, simulate } from './testing/simulate.js';

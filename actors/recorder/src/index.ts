// The door of the recorder: keeps decisions, outcomes and telemetry as training data.
export { recorderActor } from './actor.js';
export { type RecorderSettings, type RecorderSettingsInput, recorderSettingsSchema } from './settings.js';

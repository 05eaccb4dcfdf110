export { predictorActor } from './actor.js';
export { type PredictorSettings, type PredictorSettingsInput, predictorSettingsSchema } from './settings.js';

export { routerActor } from './actor.js';
export { type RouterSettings, type RouterSettingsInput, routerSettingsSchema } from './settings.js';

export { defaultMasters } from './defaults.js';
export { seedMasters } from './seed.js';

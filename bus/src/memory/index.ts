export { type Budget, committed } from './budget.js';
export { type Memory, openMemory } from './memory.js';

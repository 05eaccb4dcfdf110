export { type Budget, committed } from './budget.js';
export { type LessonWatch, type Memory, openMemory } from './memory.js';

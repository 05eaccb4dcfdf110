import type { Deeds } from './deed.js';
import { MASTER_DEEDS } from './masters.js';
import { MODEL_DEEDS } from './models.js';
import { TASK_DEEDS } from './tasks.js';
import { UNDO_DEEDS } from './undo.js';

/** Everything an operator can do, by the kind its audit record carries. */
export const DEEDS: Deeds = { ...TASK_DEEDS, ...MASTER_DEEDS, ...MODEL_DEEDS, ...UNDO_DEEDS };

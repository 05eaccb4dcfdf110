// Figures that every training leaves behind.
export { heldOutMetrics } from './held-out.js';

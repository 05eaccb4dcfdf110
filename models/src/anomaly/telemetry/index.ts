// Telemetry of workers as windows of ten seconds, whatever its gauges are called. Alike in training and in the live watch.
export { columnsOf, type Gauges, gaugesOf, valuesOf } from './gauges.js';
export { type Beat, openWindows, type Row, WINDOW_MS, type Windows } from './windows.js';

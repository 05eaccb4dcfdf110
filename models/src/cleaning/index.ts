// Cleaning of training rows: what may be learned from, what may not and why, and the report of a training's data.
export { type Cleaned, type CleanOptions, cleanRows } from './clean.js';
export { readLastReport, writeReport } from './files.js';
export { type DataReport, type Drift, type LabelCount, reportMarkdown, reportOf, stabilityIndex } from './report.js';
export { type Origin, type Quarantined, type RawRow, REASONS, type Reason, sameText } from './rows.js';

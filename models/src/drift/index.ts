// Whether the world is still the one that was learnt: rates that get worse, tasks that look different.
export { type DriftFinding, type DriftOptions, type DriftReport, type DriftRow, dataDrift } from './data-drift.js';
export { type Detector, type DetectorOptions, NEW_DETECTOR, watchRow } from './detector.js';
export { type ExpectedAccuracy, type ExpectedOptions, expectedAccuracy, type JudgedConfidence } from './expected.js';
export { changedMasters, changePoint, type DatedRow, forgetChanged } from './forget.js';

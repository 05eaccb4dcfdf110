// Training by hand, and what is known of versions: the door of this folder.
export { compareVersions, type VersionDiff } from './compare.js';
export { type ModelFolders, modelFolders } from './folders.js';
export { type TrainedHere, trainInThisProcess } from './here.js';
export { readTasks } from './read-log.js';
export { readOutcomeRows, readPairRows, readRoutingRows } from './read-rows.js';
export { archived, type LocalFamily, openRegistry, type Placed, placeTrained, whyItWaits } from './registry.js';

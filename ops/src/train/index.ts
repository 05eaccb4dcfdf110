// Training from the log or a file: the door of this folder.
export { compareVersions, type VersionDiff } from './compare.js';
export { type ModelFolders, modelFolders } from './folders.js';
export { readTasks } from './read-log.js';
export { readOutcomeRows, readRoutingRows } from './read-rows.js';
export { archived, draftFolder, type LocalFamily, openRegistry, type Placed, placeTrained } from './registry.js';
export { type CollectedRows, rowsOfTasks } from './rows.js';
export { describedBy, type Trained, type TrainOptions, trainPredictorInto, trainRouterInto } from './train.js';

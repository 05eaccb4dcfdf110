// Training from the log or a file: the door of this folder.
export { type ModelFolders, modelFolders } from './folders.js';
export { readTasks } from './read-log.js';
export { readOutcomeRows, readRoutingRows } from './read-rows.js';
export { type CollectedRows, rowsOfTasks } from './rows.js';
export { describedBy, type Trained, type TrainOptions, trainPredictorInto, trainRouterInto } from './train.js';

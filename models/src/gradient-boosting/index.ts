// Gradient boosting for tables: logistic, squared and quantile losses, missing values, early stopping.
export { type Binning, type Columns, columnsOf, fitBinning } from './bins.js';
export { type BoostModel, type BoostOptions, boostScores, trainBoost } from './boost.js';
export { type Loss, meanLoss, sigmoid } from './loss.js';
export type { Tree } from './tree.js';

// The neural expert: the MoERouter network, its training, its ONNX file, its voice in the ensemble.
export { type ChildOptions, runInChild, TrainingCrashedError, trainMoeInChild } from './child.js';
export { assignFolds, type CrossFit, type CrossFitOptions, crossFitMoe } from './cross-fit.js';
export { MasterUndescribedError, type NeuralAnswer, NeuralExpert, type NeuralMaster } from './expert.js';
export { exportMoe } from './export.js';
export type { MoeJob, MoeJobResult } from './job.js';
export { type NeuralMaker, type NeuralMakerOptions, type NeuralRows, neuralMaker } from './maker.js';
export {
  fingerprintRows,
  type LoadMoeExpectations,
  loadMoe,
  type SaveMoeOptions,
  type ServedMoe,
  saveMoe,
  serveMoe,
} from './model-folder.js';
export { type MoePredictions, predictMoe } from './predict.js';
export { MoeDataError } from './rows.js';
export { TrainingDivergedError } from './run.js';
export type { MoeProgress, MoeTrainOptions } from './settings.js';
export { trainMoe } from './train.js';
export type { MoeMaster, MoeModel, MoeRow, MoeTrainingReport } from './types.js';

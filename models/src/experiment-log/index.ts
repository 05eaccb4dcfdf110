// Where curves and figures of a training go: TensorBoard's event files and an MLflow server.
export { type ExperimentLog, type RunStatus, together } from './experiment-log.js';
export { MlflowError, type MlflowOptions, type MlflowRun, openMlflow } from './mlflow.js';
export { EventFileDamaged, openTensorboard, type Point, readTensorboard } from './tensorboard.js';

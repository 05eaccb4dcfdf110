// Turning scores into odds that come true, always fitted on rows no voice was trained on.
export { fitLogistic, type LogisticModel, type LogisticOptions, logisticOdds } from './logistic.js';
export { fitStack, largest, type StackProblem, softmaxInPlace, stackOdds } from './odds.js';

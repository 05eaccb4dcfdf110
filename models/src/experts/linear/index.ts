// The linear head on the encoder's vectors, and the dense products it and the neighbours are computed with.
export { headScores } from './linear-head.js';
export { type Matrix, multiply, stack } from './matrix.js';
export { type MinimiseOptions, minimise, type Objective } from './minimise.js';
export { type SoftmaxOptions, trainSoftmax } from './softmax-regression.js';

// The search for hyper-parameters: where to look next, and which trials to stop.
export { checkSpace, type Dimension, type Params, type SearchSpace, SearchSpaceInvalid } from './space.js';
export { type StoppingOptions, worthGoingOn } from './stopping.js';
export { propose, type TpeOptions, type Tried } from './tpe.js';

// Adapting a frozen encoder to the user's own pairs.
export {
  AdapterDataError,
  type AdapterPair,
  type AdapterReport,
  type Compared,
  type FittedAdapter,
  fitAdapter,
  LEAST_PAIRS,
} from './fit.js';
export { type Adapter, AdapterRefused, loadAdapter, saveAdapter } from './store.js';

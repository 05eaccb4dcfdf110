// The door of search: by words (BM25), by meaning (exact cosine), by both.
export { Bm25Index, type Bm25Options, type Hit, type SearchOptions } from './bm25-index.js';
export { DenseIndex } from './dense-index.js';
export { fuseRanks, fuseScores, type HalfAnswer } from './fusion.js';
export {
  DEFAULT_WEIGHT,
  HybridIndex,
  type HybridOptions,
  type HybridSearchOptions,
  type Question,
  type SearchDocument,
} from './hybrid-index.js';
export { type KnownItem, knownItems } from './known-items.js';
export { withoutNearDuplicates, withoutRepeatedTerms } from './near-duplicates.js';
export { passages, titledPassages } from './passages.js';
export { searchTerms } from './tokens.js';
export { type TunedWeight, type TuneOptions, tuneWeight } from './tune-weight.js';

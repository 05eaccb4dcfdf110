// The lexical voice: word and character statistics with linear separators; microseconds, no encoder needed.
export { foldText, wordHash, wordSpans } from './grams.js';
export { type HingeOptions, type LinearWeights, trainHinge } from './hinge.js';
export { type LexicalData, LexicalModel, type LexicalOptions } from './lexical-model.js';
export { type SparseRows, Vocabulary, type VocabularyData, type VocabularyOptions } from './tfidf.js';

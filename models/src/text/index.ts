// The door of plain text work: words, phrases, typical words.
export { type TypicalWord, type TypicalWordsOptions, typicalWords, type WordCounts } from './log-odds.js';
export { PhraseIndex, type PhraseMatch } from './phrases.js';
export { STOP_STEMS, stem, words } from './words.js';

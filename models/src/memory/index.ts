export {
  afterUse,
  freshness,
  HALF_LIFE_DAYS,
  isPattern,
  mayRead,
  type Recalled,
  type RecallOptions,
  recall,
  STALE_BELOW,
  supersedes,
  usefulness,
} from './long-term.js';
export { PROOF, provenByOutcomes, type ShareInterval, shareInterval, type Usual } from './proof.js';
export { cutTo, gist, recallNotes, remember, type ShortTermOptions } from './short-term.js';
export { cosine, packVector, unpackVector, wordLikeness } from './similarity.js';

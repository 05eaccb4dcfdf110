// The door of the retrieval expert.
export { type Judgement, RetrievalExpert, type RetrievalOptions, type RetrievalRow } from './retrieval-expert.js';
export { type Hit, VectorLengthMismatch, VectorRows } from './vector-rows.js';
export type { VoteSettings } from './vote.js';

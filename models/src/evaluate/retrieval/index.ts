// `cortex evaluate retrieval`: how well the librarian's search finds, on the user's own questions.
export { type RetrievalDocument, type RunEvaluateRetrievalOptions, runEvaluateRetrieval } from './run-retrieval.js';
export { type RankingScores, scoreRanking } from './scores.js';

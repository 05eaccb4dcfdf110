// The out-of-scope score: does any master fit at all?
export { fitScope, priorScope, type ScopeExample, type ScopeModel, scopeFeatures, scopeOdds } from './scope.js';

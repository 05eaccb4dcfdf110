// The out-of-scope score: does any master fit at all?
export { fitScope, type ScopeExample, type ScopeModel, scopeFeatures, scopeOdds, unknownScope } from './scope.js';

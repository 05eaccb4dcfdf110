// The door of the rule expert.
export { type PatternProblem, patternProblem } from './patterns.js';
export { createRuleExpert, type RuleExpert } from './rule-expert.js';
export type { RuleMaster } from './types.js';

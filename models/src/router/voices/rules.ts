// The rule voice: what people wrote about a master (names, keywords, patterns), never learnt from rows.
// The one thing to know: a task that addresses a master outright ("@security …") leaves the cascade at once.
import { createRuleExpert, type RuleExpert } from '../../experts/rule/index.js';
import type { MasterProfile } from '../types.js';
import { OutsideVoice } from './outside.js';

/** Odds from which a rule alone decides: only an outright address reaches them. */
export const ADDRESSED = 0.998;

/** The rules of these masters; examples are left to the voices that learn. */
export function rulesOf(masters: readonly MasterProfile[]): RuleExpert {
  return createRuleExpert(
    masters.map(({ name, keywords, patterns, aliases }) => ({ name, keywords, patterns, aliases })),
  );
}

/** Whether somebody wrote rules for these masters, beyond their names. */
export function hasRules(masters: readonly MasterProfile[]): boolean {
  return masters.some(({ keywords, patterns, aliases }) => keywords?.length || patterns?.length || aliases?.length);
}

export function ruleVoice(masters: readonly MasterProfile[], labels: readonly string[]): OutsideVoice {
  return new OutsideVoice(rulesOf(masters), labels);
}

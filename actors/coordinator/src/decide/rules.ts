// The rules of this process: the rule expert over the registry, rebuilt when the registry changes. They need no router and no encoder.
import type { MasterRegistry } from '@cortex/bus';
import { createRuleExpert, type RuleExpert } from '@cortex/models';
import type { Task } from '@cortex/schemas';
import type { RuleVote } from './decision.js';

export function createRules(masters: MasterRegistry): (task: Task) => RuleVote | undefined {
  let builtFor = -1;
  let expert: RuleExpert | undefined;
  return (task) => {
    if (builtFor !== masters.revision()) {
      const active = masters.list().filter((m) => m.status === 'active');
      expert = active.length > 0 ? createRuleExpert(active) : undefined;
      builtFor = masters.revision();
    }
    return expert?.vote([{ text: task.text, ...(task.title ? { title: task.title } : {}) }])[0];
  };
}

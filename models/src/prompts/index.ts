export { type Assigned, assignVersion, drawOf, promptFor } from './assign.js';
export { DEFAULT_PROMPTS } from './defaults.js';
export {
  type ArmPicture,
  type Judgement,
  type JudgeOptions,
  judgementOf,
  judgePrompt,
  type PromptOutcome,
} from './judge.js';
export { type PromptHistory, type ProposeOptions, proposePrompt } from './propose.js';
export { diffPrompts, type Rendered, type RenderInput, renderPrompt, wantsReasoning } from './render.js';
export { type Complexity, complexityOf, TASK_TYPES, taskTypeOf } from './task-type.js';
export { checkTemplates, fillTemplate, PromptInvalid, type PromptValue, STANDARD_VARIABLES } from './template.js';

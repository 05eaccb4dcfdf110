export { type Assigned, assignVersion, drawOf, promptFor } from './assign.js';
export { DEFAULT_PROMPTS } from './defaults.js';
export { diffPrompts, type Rendered, type RenderInput, renderPrompt, wantsReasoning } from './render.js';
export { type Complexity, complexityOf, TASK_TYPES, taskTypeOf } from './task-type.js';
export { checkTemplates, fillTemplate, PromptInvalid, type PromptValue, STANDARD_VARIABLES } from './template.js';

// Prompts as the registry keeps them (KV bucket `prompts`): versions that never change, and one head a name that says which serves.
import { z } from 'zod';
import { momentSchema } from './task.js';

export const promptNameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'must be lower-case letters, digits and "-", at most 64 characters')
  .describe('Name of a prompt, such as fix-bug.');

export const PROMPT_VARIABLE_TYPES = ['text', 'number', 'boolean', 'list'] as const;
export const promptVariableSchema = z.looseObject({
  type: z.enum(PROMPT_VARIABLE_TYPES).describe('list: repeated sections, each item an object or a string.'),
  required: z.boolean().default(false),
  describe: z.string().max(512).optional(),
});
export type PromptVariable = z.infer<typeof promptVariableSchema>;

export const promptExampleSchema = z.looseObject({
  task: z.string().min(1).max(8_192),
  answer: z.string().min(1).max(8_192),
});
export type PromptExample = z.infer<typeof promptExampleSchema>;

export const REASONING = ['auto', 'always', 'never'] as const;

export const promptSchema = z
  .looseObject({
    name: promptNameSchema,
    task_types: z
      .array(z.string().min(1).max(64))
      .max(50)
      .default([])
      .describe('Kinds of work it is for; empty: any that has no prompt of its own.'),
    variables: z.record(z.string().regex(/^[a-z][a-z0-9_]*$/), promptVariableSchema).default({}),
    system: z.string().min(1).max(32_768).describe('Template of the system message (mustache).'),
    user: z.string().min(1).max(32_768).describe('Template of the user message (mustache).'),
    reasoning: z
      .enum(REASONING)
      .default('auto')
      .describe('Whether it asks for reasoning step by step; auto: only for complex tasks.'),
    rules: z.array(z.string().min(1).max(1_024)).max(50).default([]).describe('Rules of work, one sentence each.'),
    examples: z.array(promptExampleSchema).max(20).default([]),
    changelog: z.string().min(1).max(2_048).describe('What is different, and why.'),
  })
  .describe('A prompt before it has a version.');
export type PromptInput = z.input<typeof promptSchema>;
export type PromptBody = z.infer<typeof promptSchema>;

export const promptVersionSchema = promptSchema
  .extend({
    version: z.number().int().positive(),
    parent: z.number().int().positive().optional().describe('Version it was made from.'),
    by: z.string().max(256),
    at: momentSchema,
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .describe('Over everything that reaches the model.'),
  })
  .describe('One version of a prompt; never changed after it was written.');
export type PromptVersion = z.infer<typeof promptVersionSchema>;

export const promptEventSchema = z.looseObject({
  at: momentSchema,
  by: z.string(),
  event: z.string().describe('added, production, candidate, withdrawn, promoted, rolled-back.'),
  version: z.number().int().positive(),
  reason: z.string().optional(),
});

export const promptHeadSchema = z
  .looseObject({
    name: promptNameSchema,
    latest: z.number().int().positive(),
    task_types: z.array(z.string()).default([]),
    production: z.number().int().positive().optional(),
    candidate: z
      .looseObject({
        version: z.number().int().positive(),
        share: z.number().min(0).max(1).describe('Share of tasks that get it.'),
        since: momentSchema,
      })
      .optional(),
    history: z.array(promptEventSchema).default([]).describe('The latest 100 changes of labels, oldest first.'),
  })
  .describe('Which versions of a prompt serve.');
export type PromptHead = z.infer<typeof promptHeadSchema>;

export const promptTrialSchema = z
  .looseObject({
    prompt: promptNameSchema,
    cursor: z.number().int().nonnegative().describe('Sequence in LOG up to which outcomes are counted.'),
    outcomes: z
      .array(
        z.looseObject({
          version: z.number().int().positive(),
          success: z.boolean(),
          task: z.string(),
          tokens: z.number().nonnegative(),
          at: momentSchema,
        }),
      )
      .describe('In the order of settling, the latest 2,000.'),
  })
  .describe('How the versions of a prompt did.');
export type PromptTrial = z.infer<typeof promptTrialSchema>;

/** `fix-bug@4`. */
export function promptRef(prompt: { readonly name: string; readonly version: number }): string {
  return `${prompt.name}@${prompt.version}`;
}

/** The parts of `fix-bug@4`; undefined for anything else. */
export function parsePromptRef(ref: string): { name: string; version: number } | undefined {
  const match = /^([a-z0-9][a-z0-9-]{0,63})@([1-9]\d{0,8})$/.exec(ref);
  return match?.[1] === undefined ? undefined : { name: match[1], version: Number(match[2]) };
}

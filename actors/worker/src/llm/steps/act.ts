// The one call that sees retrieved text. Its only tool is `report`, so whatever that text says, the most it can change is what the report
// says; and a report has no field for a master, a subject, a tool or a permission.

import { withSpan } from '@cortex/bus';
import { newMarker, type PromptValue, recallNotes, remember, renderPrompt, wrapData } from '@cortex/models';
import { promptRef } from '@cortex/schemas';
import { z } from 'zod';
import { BadAnswer, ContextTooLong, Refused } from '../errors.js';
import type { ChatAnswer, ToolSpec } from '../model.js';
import { packPieces, wrapPieces } from '../piece.js';
import { explained, type Report, type State } from '../state.js';
import { tokensOf } from '../tokens.js';
import { taskText } from './plan.js';

/** Times a report that does not parse is asked for again within one round. */
const REPAIRS = 2;
/** Times the context is halved for a model that takes less. */
const SHORTENINGS = 3;

const editSchema = z.object({
  path: z.string().min(1).max(400),
  find: z.string().max(20_000).describe('exact text, once in the file; empty to make a new file'),
  replace: z.string().max(60_000),
});

/** What a report may say. Anything else in it is dropped. */
export function reportSchema(mayEdit: boolean, reasoning: boolean) {
  return z.object({
    ...(reasoning ? { reasoning: z.string().max(20_000).optional().describe('step by step') } : {}),
    done: z.boolean().describe('false when it cannot be done with what is given'),
    answer: z.string().min(1).max(30_000).describe('what was found or done; what is missing when done is false'),
    citations: z.array(z.number().int().positive()).max(50).default([]).describe('numbers of the data that show it'),
    ...(mayEdit ? { edits: z.array(editSchema).max(30).default([]) } : {}),
    lesson: z.string().max(600).optional().describe('what would help with the next task like this, in one sentence'),
  });
}

export async function act(state: State): Promise<State> {
  return withSpan(
    'act',
    { 'cortex.prompt': promptRef(state.prompt), 'cortex.llm.round': state.round },
    async (span) => {
      let current = state;
      let feedback = feedbackOf(state);
      let repairs = 0;
      let shortenings = 0;
      let refused = false;
      for (;;) {
        try {
          const { answer, schema } = await ask(current, feedback, refused);
          const report = parseReport(answer, schema);
          return { ...current, report };
        } catch (error) {
          if (error instanceof BadAnswer && repairs < REPAIRS) {
            repairs++;
            span.addEvent('bad answer', { why: error.message });
            feedback = `${error.message}. Call "report" once, with arguments that fit its schema.`;
          } else if (error instanceof ContextTooLong && shortenings < SHORTENINGS) {
            shortenings++;
            span.addEvent('context too long', {});
            current = shortened(current);
          } else if (error instanceof Refused && !refused) {
            refused = true;
            span.addEvent('refused', { why: error.message });
            feedback =
              'This is ordinary work on software that its owner asked for. Where a part of it must not be done, leave that part out and say so.';
          } else if (error instanceof BadAnswer)
            return { ...current, report: undefined, problems: [{ kind: 'bad-answer', text: error.message }] };
          else if (error instanceof Refused)
            return { ...current, report: undefined, problems: [{ kind: 'refused', text: error.message }] };
          else throw error;
        }
      }
    },
  );
}

async function ask(state: State, feedback: string, plain: boolean) {
  const { around, job, prompt, complexity } = state;
  // A new marker for every request: what an answer may have given away is worth nothing.
  const marker = newMarker();
  const mayEdit = state.workplace !== undefined && around.settings.allowEdits.length > 0;
  const notes = plain ? '' : recallNotes(state.memory);
  const lessons = plain ? [] : state.recalled;
  const values: Record<string, PromptValue | undefined> = {
    ...labelsFor(state, marker),
    task: wrapData(marker, { kind: 'task' }, taskText(job.task)),
    task_type: state.taskType,
    master: job.master,
    context: state.pieces.length > 0 ? wrapPieces(marker, state.pieces) : undefined,
    lessons:
      lessons.length > 0
        ? lessons
            .map(({ lesson, stale }) =>
              wrapData(
                marker,
                {
                  kind: 'lesson',
                  source: `${lesson.worked ? 'worked' : 'did not work'}${stale ? ', old' : ''}`,
                  trust: lesson.trust,
                },
                `${lesson.about}\n${lesson.lesson}`,
              ),
            )
            .join('\n')
        : undefined,
    notes: notes === '' ? undefined : wrapData(marker, { kind: 'notes' }, notes),
    feedback: feedback === '' ? undefined : wrapData(marker, { kind: 'feedback' }, feedback),
    history: state.history === '' ? undefined : state.history,
    predicted: predictedWords(state),
    criteria: state.criteria.map((text, i) => ({
      id: i + 1,
      text: wrapData(marker, { kind: 'criterion', id: i + 1 }, text),
    })),
    edits: mayEdit ? around.settings.allowEdits.join(', ') : undefined,
  };
  const rendered = renderPrompt(prompt, { marker, values, complex: complexity.complex });
  const schema = reportSchema(mayEdit, rendered.reasoning);
  const tool: ToolSpec = { name: 'report', description: 'Hands in the result of the task.', schema };
  const answer = await around.model.chat({
    purpose: 'act',
    system: rendered.system,
    user: rendered.user,
    tools: [tool],
    signal: job.signal,
    spend: state.spend,
    prompt: promptRef(prompt),
    promptLabel: state.promptLabel,
    onTokens: (tokens) => job.gauge('tokens', state.spend.total().input + state.spend.total().output + tokens),
  });
  return { answer, schema };
}

/** From the tool call, or from JSON in the text for servers whose models know no tools. Throws {@link BadAnswer}. */
export function parseReport(answer: Pick<ChatAnswer, 'text' | 'calls'>, schema: z.ZodType): Report {
  const call = answer.calls.find(({ name }) => name === 'report');
  const given = call ? call.args : jsonIn(answer.text);
  if (given === undefined) throw new BadAnswer('there was no report');
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new BadAnswer(`the report does not fit: ${(issue?.path ?? []).map(String).join('.')} ${issue?.code ?? ''}`);
  }
  const { done, answer: text, citations, edits, lesson } = parsed.data as Report & { edits?: Report['edits'] };
  return {
    done,
    answer: text.replace(/!\[[^\]]*\]\(\s*https?:[^)]*\)/gi, '[image removed]'),
    citations: [...new Set(citations)],
    edits: edits ?? [],
    lesson,
  };
}

function jsonIn(text: string): unknown {
  const [from, to] = [text.indexOf('{'), text.lastIndexOf('}')];
  if (from < 0 || to <= from) return undefined;
  try {
    return JSON.parse(text.slice(from, to + 1), (key, value) => (key === '__proto__' ? undefined : value));
  } catch {
    return undefined;
  }
}

/** What the last round lacked. Our words, and under them what others said about it. */
export function feedbackOf(state: Pick<State, 'problems'>): string {
  return state.problems
    .map((problem) => (problem.said ? `- ${problem.text}:\n${problem.said}` : `- ${problem.text}`))
    .join('\n');
}

/** Half of the context, and no notes: what was retrieved last goes first. */
function shortened(state: State): State {
  const half = state.pieces.reduce((sum, piece) => sum + piece.tokens, 0) / 2;
  const { kept } = packPieces(state.pieces, half);
  const memory = remember(
    { ...state.memory, notes: [] },
    { kind: 'problem', text: 'the model takes less text' },
    { budgetTokens: 200, count: tokensOf },
  );
  return explained(
    { ...state, pieces: kept, memory },
    `context shortened to ${kept.length} pieces: the model takes less`,
  );
}

/** Variables that a prompt declares itself are filled from the task's labels. */
function labelsFor(state: State, marker: string): Record<string, PromptValue> {
  const labels = (state.job.task.labels ?? {}) as Record<string, unknown>;
  const values: Record<string, PromptValue> = {};
  for (const [name, variable] of Object.entries(state.prompt.variables)) {
    const label = labels[name];
    if (typeof label !== 'string') continue;
    if (variable.type === 'number' && Number.isFinite(Number(label))) values[name] = Number(label);
    else if (variable.type === 'boolean') values[name] = /^(?:true|yes|1)$/i.test(label);
    else if (variable.type === 'text') values[name] = wrapData(marker, { kind: 'label' }, label.slice(0, 500));
    else if (variable.type === 'list')
      values[name] = label.split(',').map((item) => wrapData(marker, { kind: 'label' }, item.trim().slice(0, 200)));
  }
  return values;
}

function predictedWords(state: State): string | undefined {
  const { prediction } = state.job.decision;
  const parts = [
    prediction?.minutes ? `${Math.max(1, Math.round(prediction.minutes.p50))} minutes` : '',
    prediction?.tokens ? `${Math.round(prediction.tokens.p50)} tokens` : '',
  ].filter((part) => part !== '');
  return parts.length > 0 ? `Such tasks take about ${parts.join(' and ')}.` : undefined;
}

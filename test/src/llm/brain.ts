// A scripted model that answers from what it is given and from nothing else: it looks for the line of the numbered data that has most of the
// task's words in common, and reports it with its number. Without such a line it says that it cannot.
import type { Brain, ChatRequest, Said } from './openai-server.js';

export interface DataBlock {
  readonly kind: string;
  readonly id?: number;
  readonly source?: string;
  readonly text: string;
}

/** Everything between markers, and what stands outside of them. */
export function readPrompt(request: ChatRequest): { blocks: DataBlock[]; outside: string; all: string } {
  const all = request.messages.map((message) => message.content).join('\n');
  const user = request.messages
    .filter((m) => m.role === 'user')
    .map((m) => m.content)
    .join('\n');
  const blocks: DataBlock[] = [];
  const outside = user.replace(
    /<<<data ([0-9a-f]+) ([^\n]*)>>>\n([\s\S]*?)\n<<<end \1>>>/g,
    (_, _marker, facts: string, text: string) => {
      const fact = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(facts)?.[1];
      const id = fact('id');
      blocks.push({
        kind: fact('kind') ?? '',
        text,
        ...(id === undefined ? {} : { id: Number(id) }),
        ...(fact('source') === undefined ? {} : { source: fact('source') as string }),
      });
      return '';
    },
  );
  return { blocks, outside, all };
}

const COMMON = new Set(
  'what which where when does have with that this from into they them then than your must will would should about there after before while'.split(
    ' ',
  ),
);

export function words(text: string): string[] {
  return [...new Set((text.toLowerCase().match(/[\p{L}\p{N}_]{4,}/gu) ?? []).filter((word) => !COMMON.has(word)))];
}

export function hasTool(request: ChatRequest, name: string): boolean {
  return (request.tools ?? []).some((tool) => tool.function.name === name);
}

/** The best line of the data for a task, and how many of the task's words it holds. */
export function bestLine(
  blocks: readonly DataBlock[],
  task: string,
): { line: string; id: number; share: number } | undefined {
  const wanted = words(task);
  let best: { line: string; id: number; share: number } | undefined;
  for (const block of blocks) {
    if (block.id === undefined || block.kind === 'criterion') continue;
    for (const line of block.text.split('\n')) {
      const low = line.toLowerCase();
      const share = wanted.filter((word) => low.includes(word)).length / Math.max(1, wanted.length);
      if (share > (best?.share ?? 0)) best = { line: line.trim(), id: block.id, share };
    }
  }
  return best;
}

/** Share of the task's words a line must hold before the model dares to answer. */
const DARES = 0.6;

export const readingBrain: Brain = (request): Said => {
  const { blocks } = readPrompt(request);
  const task = blocks.find((block) => block.kind === 'task')?.text ?? '';
  if (hasTool(request, 'verdict')) {
    const answer = blocks.find((block) => block.kind === 'result')?.text ?? '';
    const criteria = blocks.filter((block) => block.kind === 'criterion');
    return {
      calls: [
        {
          name: 'verdict',
          args: {
            criteria: criteria.map((c) => {
              const met = words(c.text).every((word) => answer.toLowerCase().includes(word));
              return { id: c.id, met, missing: met ? '' : `the result does not say: ${c.text}` };
            }),
          },
        },
      ],
    };
  }
  if (!hasTool(request, 'report')) {
    // Planning: look for what the task is about.
    return {
      text: '1. Look it up. 2. Report it.',
      calls: hasTool(request, 'search_repository')
        ? [{ name: 'search_repository', args: { query: words(task).slice(0, 6).join(' ') } }]
        : [],
    };
  }
  const best = bestLine(blocks, task);
  if (!best || best.share < DARES)
    return { calls: [{ name: 'report', args: { done: false, answer: 'The data does not say.', citations: [] } }] };
  return {
    calls: [
      {
        name: 'report',
        args: {
          done: true,
          answer: best.line,
          citations: [best.id],
          lesson: `the answer stands where ${words(task).slice(0, 3).join(', ')} occur`,
        },
      },
    ],
  };
};

// Spans and metrics of language model calls, named by the GenAI conventions of OpenTelemetry; our own start with `cortex.`.

import { count, failSpan, record } from '@cortex/bus';
import { context, type Span, SpanKind, trace } from '@opentelemetry/api';

const tracer = trace.getTracer('@cortex/actor-worker');

export const GEN_AI = {
  operation: 'gen_ai.operation.name',
  provider: 'gen_ai.provider.name',
  model: 'gen_ai.request.model',
  maxTokens: 'gen_ai.request.max_tokens',
  inputTokens: 'gen_ai.usage.input_tokens',
  outputTokens: 'gen_ai.usage.output_tokens',
  finish: 'gen_ai.response.finish_reasons',
  server: 'server.address',
  prompt: 'cortex.prompt',
  promptLabel: 'cortex.prompt.label',
  purpose: 'cortex.llm.purpose',
  cost: 'cortex.llm.cost_usd',
} as const;

/** A span around one call. */
export async function withChatSpan<T>(
  model: string,
  attributes: Record<string, string | number>,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const span = tracer.startSpan(`chat ${model}`, {
    kind: SpanKind.CLIENT,
    attributes: { [GEN_AI.operation]: 'chat', [GEN_AI.provider]: 'openai', [GEN_AI.model]: model, ...attributes },
  });
  try {
    return await context.with(trace.setSpan(context.active(), span), () => work(span));
  } catch (error) {
    failSpan(span, error);
    throw error;
  } finally {
    span.end();
  }
}

export function countCall(labels: { model: string; purpose: string; result: string; master: string }): void {
  count('llmCalls', labels);
}

export function countTokensUsed(
  input: number,
  output: number,
  costUsd: number,
  labels: { model: string; master: string },
): void {
  const call = {
    [GEN_AI.operation]: 'chat',
    [GEN_AI.provider]: 'openai',
    [GEN_AI.model]: labels.model,
    'cortex.master': labels.master,
  };
  record('llmTokens', input, { ...call, 'gen_ai.token.type': 'input' });
  record('llmTokens', output, { ...call, 'gen_ai.token.type': 'output' });
  count('llmCost', labels, costUsd);
}

/** Things worth counting that happen to a task: no context, a cache hit, secrets removed, a budget warning. */
export function countEvent(event: string, master: string, by = 1): void {
  count('llmEvents', { event, 'cortex.master': master }, by);
}

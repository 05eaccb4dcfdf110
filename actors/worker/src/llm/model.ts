// One call of a language model: estimated, reserved, streamed, settled, traced. Nothing else in Cortex talks to a model.

import { retryCurve } from '@cortex/bus';
import { type AIMessageChunk, HumanMessage, SystemMessage } from '@langchain/core/messages';
import { ChatOpenAI } from '@langchain/openai';
import { z } from 'zod';
import type { Border } from './border.js';
import { BadAnswer, classify, ModelAway, RateLimited, Refused } from './errors.js';
import type { ResolvedLlm } from './settings.js';
import type { Spend } from './spend.js';
import { countCall, countTokensUsed, GEN_AI, withChatSpan } from './telemetry.js';
import { Estimate, tokensOf } from './tokens.js';

// LangChain sends traces to a service of its own when it finds a switch in the environment.
process.env.LANGSMITH_TRACING = 'false';
process.env.LANGCHAIN_TRACING_V2 = 'false';

export interface ToolSpec {
  readonly name: string;
  readonly description: string;
  readonly schema: z.ZodType;
}

export interface ChatRequest {
  /** What it is for: plan, act, check. */
  readonly purpose: string;
  readonly system: string;
  readonly user: string;
  readonly tools: readonly ToolSpec[];
  readonly signal: AbortSignal;
  readonly spend: Spend;
  readonly prompt?: string | undefined;
  readonly promptLabel?: string | undefined;
  /** Called with the tokens of the answer so far. */
  readonly onTokens?: (tokens: number) => void;
}

export interface ToolCall {
  readonly name: string;
  readonly args: unknown;
}

export interface ChatAnswer {
  readonly text: string;
  readonly calls: readonly ToolCall[];
  readonly input: number;
  readonly output: number;
}

export interface Model {
  readonly name: string;
  /**
   * Throws the closed set of errors.ts, and the signal's reason when it aborts. Waits out rate limits and short absences itself.
   */
  chat(request: ChatRequest): Promise<ChatAnswer>;
}

/** Fewer tokens are no answer. */
const LEAST_OUTPUT = 64;
/** Rounds of waiting for a server that is busy or away; longer absences give the task back. */
const PATIENCE = 3;
const LONGEST_WAIT_MS = 30_000;

export function openModel(settings: ResolvedLlm, master: string, border: Border): Model {
  const estimate = new Estimate();
  const once = async (request: ChatRequest): Promise<ChatAnswer> => {
    const { spend, purpose } = request;
    const [system, user] = [border.pass(request.system), border.pass(request.user)];
    const tools = request.tools.map(asFunction);
    const inputEstimate = estimate.of([system, user, ...(tools.length > 0 ? [JSON.stringify(tools)] : [])]);
    const room = await spend.room(inputEstimate, settings.outputTokens);
    // Reserving the least anyway names the budget that is spent.
    const output = Math.max(LEAST_OUTPUT, room);
    const reservation = await spend.reserve(inputEstimate, output);
    let streamed = 0;
    try {
      const answer = await withChatSpan(
        settings.model,
        {
          [GEN_AI.purpose]: purpose,
          [GEN_AI.maxTokens]: output,
          ...(settings.baseUrl ? { [GEN_AI.server]: hostOf(settings.baseUrl) } : {}),
          ...(request.prompt ? { [GEN_AI.prompt]: request.prompt } : {}),
          ...(request.promptLabel ? { [GEN_AI.promptLabel]: request.promptLabel } : {}),
        },
        async (span) => {
          // Told apart here: what a server says of a key it was sent must not reach the span either.
          const whole = await stream(settings, { system, user, tools, output }, request.signal, (tokens) => {
            streamed = tokens;
            request.onTokens?.(tokens);
          }).catch((thrown: unknown) => {
            request.signal.throwIfAborted();
            throw classify(thrown);
          });
          const usage = whole.usage_metadata;
          const input = usage?.input_tokens ?? inputEstimate;
          const used = usage?.output_tokens ?? streamed;
          estimate.learn(inputEstimate, input);
          span.setAttributes({ [GEN_AI.inputTokens]: input, [GEN_AI.outputTokens]: used });
          const finish = String(whole.response_metadata.finish_reason ?? '');
          if (finish !== '') span.setAttribute(GEN_AI.finish, [finish]);
          await reservation.settle(input, used);
          countTokensUsed(input, used, priced(settings, input, used), { model: settings.model, master });
          return readAnswer(whole, finish, input, used, border);
        },
      );
      countCall({ model: settings.model, purpose, result: 'answered', master });
      return answer;
    } catch (thrown) {
      // What was sent is paid for even when the answer broke off; a refused request costs nothing.
      await reservation.settle(streamed > 0 ? inputEstimate : 0, streamed);
      request.signal.throwIfAborted();
      const error = classify(thrown);
      countCall({ model: settings.model, purpose, result: error.name, master });
      throw error;
    }
  };
  return {
    name: settings.model,
    async chat(request) {
      for (let round = 1; ; round++) {
        try {
          return await once(request);
        } catch (error) {
          const mayWait = error instanceof RateLimited || error instanceof ModelAway;
          if (!mayWait || round > PATIENCE) throw error;
          const wait = error.retryAfterMs ?? retryCurve(round);
          // A server that wants more patience than that gets the task again later.
          if (wait > LONGEST_WAIT_MS) throw error;
          await sleep(wait, request.signal);
        }
      }
    },
  };
}

interface Wire {
  readonly system: string;
  readonly user: string;
  readonly tools: readonly object[];
  readonly output: number;
}

/** Streams an answer; gives up when nothing comes for too long, or when the server does not hold to the length asked for. */
async function stream(
  settings: ResolvedLlm,
  wire: Wire,
  outer: AbortSignal,
  onTokens: (tokens: number) => void,
): Promise<AIMessageChunk> {
  const chat = new ChatOpenAI({
    model: settings.model,
    temperature: settings.temperature,
    maxTokens: wire.output,
    // Retries are ours: they respect the budget and the signal.
    maxRetries: 0,
    timeout: settings.callTimeoutMs,
    streamUsage: true,
    useResponsesApi: false,
    apiKey: settings.apiKey === '' ? 'none' : settings.apiKey,
    configuration: settings.baseUrl ? { baseURL: settings.baseUrl } : {},
  });
  const idle = new AbortController();
  const signal = AbortSignal.any([outer, idle.signal]);
  let timer: NodeJS.Timeout | undefined;
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(
      () => idle.abort(new ModelAway(`the language model said nothing for ${settings.callTimeoutMs / 1_000} s`)),
      settings.callTimeoutMs,
    );
  };
  heard();
  try {
    const messages = [new SystemMessage(wire.system), new HumanMessage(wire.user)];
    const runnable = wire.tools.length > 0 ? chat.bindTools(wire.tools as never) : chat;
    let whole: AIMessageChunk | undefined;
    let tokens = 0;
    for await (const chunk of await runnable.stream(messages, { signal })) {
      heard();
      whole = whole === undefined ? chunk : whole.concat(chunk);
      tokens += chunkTokens(chunk);
      onTokens(tokens);
      if (tokens > wire.output * 1.25 + 32) throw new BadAnswer(`its answer is longer than ${wire.output} tokens`);
    }
    if (whole === undefined) throw new ModelAway('the language model answered nothing at all');
    return whole;
  } catch (error) {
    if (idle.signal.aborted && !outer.aborted) throw idle.signal.reason;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function chunkTokens(chunk: AIMessageChunk): number {
  const calls = (chunk.tool_call_chunks ?? []).map((call) => `${call.name ?? ''}${call.args ?? ''}`).join('');
  const said = `${textOf(chunk)}${calls}`;
  return said === '' ? 0 : tokensOf(said);
}

function textOf(message: AIMessageChunk): string {
  return typeof message.content === 'string'
    ? message.content
    : message.content.map((part) => ('text' in part ? String(part.text) : '')).join('');
}

function readAnswer(whole: AIMessageChunk, finish: string, input: number, output: number, border: Border): ChatAnswer {
  const refusal = whole.additional_kwargs.refusal;
  if (finish === 'content_filter' || (typeof refusal === 'string' && refusal !== ''))
    throw new Refused(`the language model refuses: ${border.pass(String(refusal || 'content filter')).slice(0, 300)}`);
  const broken = whole.invalid_tool_calls?.[0];
  if (broken)
    throw new BadAnswer(`the arguments of ${border.pass(String(broken.name ?? 'a tool'))} are not valid JSON`);
  return {
    text: border.pass(textOf(whole)),
    calls: (whole.tool_calls ?? []).map((call) => ({ name: call.name, args: border.passAll(call.args as unknown) })),
    input,
    output,
  };
}

function asFunction(tool: ToolSpec): object {
  const { $schema: _, ...parameters } = z.toJSONSchema(tool.schema, { io: 'input' });
  return { type: 'function', function: { name: tool.name, description: tool.description, parameters } };
}

function priced(settings: ResolvedLlm, input: number, output: number): number {
  return (input * settings.price.input + output * settings.price.output) / 1e6;
}

function hostOf(url: string): string {
  try {
    return new URL(url).hostname;
  } catch {
    return 'unknown';
  }
}

/** Resolves after so long, rejects with the signal's reason when it aborts. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    function onAbort() {
      clearTimeout(timer);
      reject(signal.reason);
    }
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

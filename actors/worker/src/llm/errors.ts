// What can go wrong with a language model, as a closed set, and how a server's answer is told apart. Each class has one recovery, which
// whoever catches it carries out: wait, shorten, ask again, give up.
import { RetryableError, TerminalError } from '@cortex/bus';
import { redactSecrets } from '@cortex/models';
import { ContextOverflowError } from '@langchain/core/errors';
import { ownSecrets } from './border.js';

/** Too many requests: wait as long as it says. */
export class RateLimited extends RetryableError {
  override readonly name = 'RateLimited';
  constructor(afterMs: number | undefined, cause?: unknown) {
    super('the language model takes no more requests for now', { cause });
    if (afterMs !== undefined) this.retryAfterMs = afterMs;
  }
}

/** The server is away, slow or broken: later, here or elsewhere. */
export class ModelAway extends RetryableError {
  override readonly name = 'ModelAway';
}

/** More text than the model takes: send less. */
export class ContextTooLong extends TerminalError {
  override readonly name = 'ContextTooLong';
}

/** It answered something that is not what was asked for: say what is wrong, ask again. */
export class BadAnswer extends TerminalError {
  override readonly name = 'BadAnswer';
}

/** It will not do this. Asked once more in other words, then a person's matter. */
export class Refused extends TerminalError {
  override readonly name = 'Refused';
}

/** The server does not know us, or not this model: nobody's task is to blame, a person must mend the settings. */
export class ModelMisconfigured extends TerminalError {
  override readonly name = 'ModelMisconfigured';
}

/** Nothing more may be spent. */
export class BudgetSpent extends TerminalError {
  override readonly name = 'BudgetSpent';
  constructor(
    readonly whose: 'task' | 'master' | 'day',
    readonly spent: number,
    readonly limit: number,
  ) {
    super(
      `the token budget of this ${whose} is spent: ${Math.round(spent)} of ${Math.round(limit)}, and nothing is begun beyond 95 %`,
    );
  }
}

export type ModelFailure =
  | RateLimited
  | ModelAway
  | ContextTooLong
  | BadAnswer
  | Refused
  | ModelMisconfigured
  | BudgetSpent;

interface Answered {
  readonly status?: number;
  readonly code?: unknown;
  readonly type?: unknown;
  readonly message?: string;
  readonly name?: string;
  readonly headers?: { get?(name: string): string | null } | Record<string, string>;
}

/** Codes and words by which servers say that a prompt is too long; they agree on none of them. */
const TOO_LONG =
  /context[_ ]length|context[_ ]window|maximum context|too many tokens|prompt is too long|input is too long/i;
const CONTENT = /content[_ ](?:policy|filter)/i;

/** The class of what a call threw. An abort is handed on as it is. */
export function classify(error: unknown): Error {
  if (error instanceof RetryableError || error instanceof TerminalError) return error;
  if (ContextOverflowError.isInstance(error))
    return new ContextTooLong('the prompt is longer than the model takes', { cause: error });
  const told = (error ?? {}) as Answered;
  const words = `${String(told.code ?? '')} ${String(told.type ?? '')} ${told.message ?? ''}`;
  switch (true) {
    case told.status === 429 && /insufficient_quota/.test(words):
      return new ModelMisconfigured(`the account of the language model has no quota left`, { cause: error });
    case told.status === 429:
      return new RateLimited(retryAfter(told), error);
    case told.status === 413 || ((told.status === 400 || told.status === 422) && TOO_LONG.test(words)):
      return new ContextTooLong('the prompt is longer than the model takes', { cause: error });
    case told.status === 400 && CONTENT.test(words):
      return new Refused('the server refuses this text', { cause: error });
    case told.status === 401 ||
      told.status === 403 ||
      told.status === 404 ||
      told.status === 400 ||
      told.status === 422:
      return new ModelMisconfigured(`the language model's server answers ${told.status}: ${shorten(told.message)}`, {
        cause: error,
      });
    default:
      return new ModelAway(`the language model does not answer (${shorten(told.message ?? String(error))})`, {
        cause: error,
      });
  }
}

function retryAfter(told: Answered): number | undefined {
  const get = (name: string): string | undefined =>
    typeof told.headers?.get === 'function'
      ? (told.headers.get(name) ?? undefined)
      : (told.headers as Record<string, string> | undefined)?.[name];
  const ms = Number(get('retry-after-ms'));
  if (ms > 0) return ms;
  const seconds = Number(get('retry-after'));
  return seconds > 0 ? seconds * 1_000 : undefined;
}

/** Servers throw the key they were sent back in their errors: it must not reach a log or an outcome. */
function shorten(text: string | undefined): string {
  return redactSecrets(text ?? '', ownSecrets())
    .text.replace(/\s+/g, ' ')
    .slice(0, 300);
}

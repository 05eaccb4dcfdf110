// The closed set of failures that talking can have. Retryable or terminal is a type, so nobody ever matches on a message.

import { JetStreamApiError, JetStreamError } from '@nats-io/jetstream';
import { errors } from '@nats-io/transport-node';

/** A failure that may pass: the message is tried again later. */
export abstract class RetryableError extends Error {
  readonly retryable = true;
  /** Milliseconds to wait before the next try; undefined leaves it to the consumer's curve. */
  retryAfterMs?: number;
}

/** A failure that no repetition mends: the message goes to DEAD with the reason. */
export abstract class TerminalError extends Error {
  readonly retryable = false;
}

/** Thrown when no NATS server answers at the given address within the time allowed. */
export class BusUnreachable extends RetryableError {
  override readonly name = 'BusUnreachable';
  constructor(
    readonly servers: string,
    cause?: unknown,
  ) {
    super(`no NATS server answers at ${servers}${cause instanceof Error ? ` (${cause.message})` : ''}`, { cause });
  }
}

/** Thrown when the server refuses the identity, or the credentials file cannot be used. */
export class BusRefused extends TerminalError {
  override readonly name = 'BusRefused';
}

/** Thrown when a publish is larger than the server takes (`max_payload`) or than the stream takes. */
export class MessageTooLarge extends TerminalError {
  override readonly name = 'MessageTooLarge';
  constructor(
    readonly subject: string,
    readonly bytes: number,
    readonly limit: number,
  ) {
    super(`message for ${subject} has ${bytes} bytes, the bus takes ${limit}: shorten it`);
  }
}

/** Thrown when no acknowledgement came over the whole retry span. The message may or may not be stored: publish it again with the same id. */
export class PublishUnconfirmed extends RetryableError {
  override readonly name = 'PublishUnconfirmed';
  constructor(
    readonly subject: string,
    readonly spanMs: number,
    cause?: unknown,
  ) {
    super(`no acknowledgement for ${subject} within ${Math.round(spanMs / 1000)} s`, { cause });
  }
}

/** Thrown when a stream has reached its `max_bytes`: what is in it must be worked off or the limit raised. */
export class StreamFull extends RetryableError {
  override readonly name = 'StreamFull';
  constructor(readonly subject: string) {
    super(`the stream behind ${subject} is full: wait until its backlog is worked off, or raise its max_bytes`);
  }
}

/** Thrown when the stream or consumer is not there. */
export class NotProvisioned extends RetryableError {
  override readonly name = 'NotProvisioned';
  constructor(readonly what: string) {
    super(`${what} does not exist on this NATS: start "cortex up", or any actor allowed to provision`);
  }
}

/** Thrown by an append when somebody else appended first. Read the key again and decide anew. */
export class RevisionConflict extends RetryableError {
  override readonly name = 'RevisionConflict';
  constructor(readonly subject: string) {
    super(`somebody else appended to ${subject} first`);
  }
}

/** Thrown when an ask got no answer before its deadline. */
export class AskTimeout extends RetryableError {
  override readonly name = 'AskTimeout';
  constructor(
    readonly actor: string,
    readonly waitedMs: number,
  ) {
    super(`${actor} did not answer within ${Math.round(waitedMs)} ms`);
  }
}

/** Thrown at once when no replica of the asked actor is alive. */
export class NobodyServes extends RetryableError {
  override readonly name = 'NobodyServes';
  constructor(readonly actor: string) {
    super(`no ${actor} is running`);
  }
}

/** Thrown when the asked actor answered with an error. */
export class AskFailed extends RetryableError {
  override readonly name = 'AskFailed';
  constructor(
    readonly actor: string,
    readonly code: string,
    message: string,
  ) {
    super(`${actor} answered: ${message}`);
  }
}

/** A message that can never be processed; thrown by handlers to send it to DEAD. */
export class Unprocessable extends TerminalError {
  override readonly name = 'Unprocessable';
}

/** A handler's wish to see the message again after a delay, without it counting as a failure. */
export class RetryLater extends RetryableError {
  override readonly name = 'RetryLater';
  constructor(reason: string, afterMs: number) {
    // A wish is no failure: nobody reads where it was made, and a stack costs more than all else here.
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(reason);
    Error.stackTraceLimit = limit;
    this.retryAfterMs = afterMs;
  }
}

/** Failures of the connection or of a server that is going or coming: nobody's message is to blame for them. */
export function isBusTrouble(error: unknown): boolean {
  if (error instanceof RetryableError) return true;
  // 5xx and 408: no leader, no quorum, storage not back yet.
  if (error instanceof JetStreamApiError) return error.status >= 500 || error.status === 408;
  return (
    error instanceof errors.TimeoutError ||
    error instanceof errors.NoRespondersError ||
    error instanceof errors.RequestError ||
    error instanceof errors.ConnectionError ||
    error instanceof errors.ClosedConnectionError ||
    error instanceof errors.DrainingConnectionError ||
    error instanceof JetStreamError
  );
}

// Everything that can be wrong with a store, each with what to do.

/** The store does not answer, or not now. */
export class StoreUnreachable extends Error {
  override readonly name = 'StoreUnreachable';
  readonly retryable = true;
  constructor(
    readonly where: string,
    cause: unknown,
  ) {
    super(`the vector store at ${where} does not answer (${reasonOf(cause)})`, {
      cause,
    });
  }
}

/** Clients throw errors, and answers with a reason. */
function reasonOf(cause: unknown): string {
  if (typeof cause !== 'object' || cause === null) return String(cause);
  const { message, reason } = cause as { message?: unknown; reason?: unknown };
  return String(message ?? reason ?? JSON.stringify(cause));
}

/** What lies there was written with vectors of another length. */
export class StoreMismatch extends Error {
  override readonly name = 'StoreMismatch';
  readonly retryable = false;
  constructor(
    readonly where: string,
    readonly found: number,
    readonly wanted: number,
  ) {
    super(
      `the index in ${where} holds vectors of length ${found}, the encoder gives ${wanted}: use the encoder it was made with, or remove the folder and index again`,
    );
  }
}

/** What lies there was written by an earlier version, in another form. */
export class StoreOutdated extends Error {
  override readonly name = 'StoreOutdated';
  readonly retryable = false;
  constructor(readonly where: string) {
    super(`the index in ${where} was written by an earlier version of Cortex: remove that folder and index again`);
  }
}

/** Whether the store as a whole is at fault, and not what it was asked. */
export function isStoreTrouble(error: unknown): boolean {
  return error instanceof StoreUnreachable || error instanceof StoreMismatch || error instanceof StoreOutdated;
}

// How a command ends badly: one line on standard error that says why and what to do, and the exit code of the contract.
import {
  AliasTaken,
  BusRefused,
  BusUnreachable,
  MessageTooLarge,
  NotProvisioned,
  PublishUnconfirmed,
  StreamFull,
  UnknownMaster,
} from '@cortex/bus';
import { InvalidMessage } from '@cortex/schemas';
import { LadderExhausted, RungRefused } from '../provide/ladder.js';
import { NoJetStream, PortTaken, ServerFailed } from '../up/errors.js';
import { AlreadyRunning, HomeNotWritable } from '../up/home.js';

export const EXIT = { done: 0, failed: 1, usage: 2, unreachable: 3 } as const;

/** Base of what a command throws on purpose: the line is printed as it is. */
export abstract class CliFailure extends Error {
  abstract readonly exitCode: number;
}

/** It was tried and did not work. */
export class Failed extends CliFailure {
  override readonly name = 'Failed';
  readonly exitCode = EXIT.failed;
}

/** The command line or the input is wrong. `where` names the argument, or file, line and field. */
export class WrongInput extends CliFailure {
  override readonly name = 'WrongInput';
  readonly exitCode = EXIT.usage;
  constructor(
    readonly where: string,
    problem: string,
  ) {
    super(`${where}: ${problem}`);
  }
}

/** Something the command needs does not answer. */
export class Unreachable extends CliFailure {
  override readonly name = 'Unreachable';
  readonly exitCode = EXIT.unreachable;
}

/** One line and an exit code for whatever was thrown. */
export function explainFailure(error: unknown): { line: string; exitCode: number } {
  if (error instanceof CliFailure) return { line: error.message, exitCode: error.exitCode };
  if (error instanceof BusUnreachable) {
    return {
      line: `no NATS server answers at ${error.servers}: start one with "cortex up", or name yours with --nats URL`,
      exitCode: EXIT.unreachable,
    };
  }
  if (error instanceof BusRefused)
    return { line: `${error.message}; give an identity with --creds FILE`, exitCode: EXIT.unreachable };
  if (error instanceof NotProvisioned) return { line: error.message, exitCode: EXIT.unreachable };
  if (error instanceof PublishUnconfirmed) {
    return {
      line: `${error.message}: it may or may not be stored; send it again with the same id`,
      exitCode: EXIT.unreachable,
    };
  }
  if (error instanceof UnknownMaster || error instanceof AliasTaken)
    return { line: error.message, exitCode: EXIT.usage };
  if (error instanceof InvalidMessage) return { line: error.message, exitCode: EXIT.usage };
  if (error instanceof MessageTooLarge || error instanceof StreamFull)
    return { line: error.message, exitCode: EXIT.failed };
  if (
    error instanceof AlreadyRunning ||
    error instanceof HomeNotWritable ||
    error instanceof PortTaken ||
    error instanceof ServerFailed
  )
    return { line: error.message, exitCode: EXIT.failed };
  if (error instanceof NoJetStream || error instanceof LadderExhausted)
    return { line: error.message, exitCode: EXIT.unreachable };
  if (error instanceof RungRefused) return { line: error.message, exitCode: EXIT.usage };
  return { line: unexpected(error), exitCode: EXIT.failed };
}

function unexpected(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = (error as NodeJS.ErrnoException).code;
  const stack = process.env.CORTEX_DEBUG ? `\n${error.stack ?? ''}` : ' (CORTEX_DEBUG=1 shows where)';
  return `${error.message || error.name}${code && !error.message.includes(String(code)) ? ` (${code})` : ''}${stack}`;
}

// Runs one command line: parses, does the work, and turns whatever was thrown into one line and an exit code.
import { CommanderError } from 'commander';
import { EXIT, explainFailure } from './failures.js';
import { buildProgram } from './program.js';

/** `argv` without node and script. Returns the exit code. */
export async function run(argv: readonly string[]): Promise<number> {
  process.exitCode = undefined;
  try {
    await (await buildProgram(argv)).parseAsync([...argv], { from: 'user' });
    // A command that looks at things (doctor) may end badly without having failed itself.
    return Number(process.exitCode ?? EXIT.done);
  } catch (error) {
    // Help and version end with 0; everything else has been said by commander already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    const { line, exitCode } = explainFailure(error);
    process.stderr.write(`cortex: ${line}\n`);
    return exitCode;
  }
}

// The entry of the command line: parses, runs, and turns whatever was thrown into one line and an exit code.
import { CommanderError } from 'commander';
import { EXIT, explainFailure } from './failures.js';
import { buildProgram } from './program.js';

// `cortex watch | head` ends when head does, and that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.done);
  throw error;
});

try {
  await buildProgram().parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) {
    // Help and version end with 0; everything else has been said by commander already.
    process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
  } else {
    const { line, exitCode } = explainFailure(error);
    process.stderr.write(`cortex: ${line}\n`);
    process.exitCode = exitCode;
  }
}
// Whatever still runs (a socket that is closing) must not keep the shell waiting; what was printed is flushed first.
process.stdout.write('', () => process.stderr.write('', () => process.exit()));

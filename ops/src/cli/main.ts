// The entry of the command line.
import { EXIT } from './failures.js';
import { run } from './run.js';

// `cortex watch | head` ends when head does, and that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.done);
  throw error;
});

const code = await run(process.argv.slice(2));
// Whatever still runs (a socket that is closing) must not keep the shell waiting; what was printed is flushed first.
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));

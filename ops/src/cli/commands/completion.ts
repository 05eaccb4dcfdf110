// `cortex completion SHELL`: the script that makes a shell know every command and option.
import { Argument, type Command } from 'commander';
import { completionScript, SHELLS, type Shell } from '../completion/scripts.js';
import { placesOf } from '../completion/words.js';
import { withExample } from '../options.js';
import { printText } from '../output/index.js';

export function addCompletion(program: Command): void {
  const command = program
    .command('completion')
    .summary('a script with which your shell completes commands and options')
    .description(
      'Prints it. Load it in the start file of your shell:\n  bash  source <(cortex completion bash)\n  zsh   source <(cortex completion zsh)     after compinit\n  fish  cortex completion fish | source',
    )
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS));
  withExample(command, 'completion bash > /etc/bash_completion.d/cortex');
  command.action((shell: Shell) => printText(completionScript(shell, placesOf(program)).trimEnd()));
}

// Whether a command can be run at all, found out when the worker starts instead of at the first task.
import { spawn } from 'node:child_process';

/** Thrown when the first word of a command is no program, builtin or file that can be executed. */
export class CommandNotFound extends Error {
  override readonly name = 'CommandNotFound';
  constructor(
    readonly command: string,
    readonly word: string,
  ) {
    super(
      word === ''
        ? 'the command of --exec is empty: give one, such as --exec "python3 work.py"'
        : `"${word}" cannot be run: it is no command on the PATH and no executable file (in --exec "${command}")`,
    );
  }
}

/**
 * The word a shell would run first: assignments are passed over, quotes taken off. Undefined when that cannot be told without running
 * it (a substitution, a group, a redirection), empty when there is none.
 */
export function firstWord(command: string): string | undefined {
  let rest = command.trimStart();
  for (;;) {
    const assignment = /^[A-Za-z_][A-Za-z0-9_]*=(?:"[^"$`\\]*"|'[^']*'|[^\s"'$`\\;|&<>()]*)(?=\s|$)/.exec(rest);
    if (!assignment) break;
    rest = rest.slice(assignment[0].length).trimStart();
  }
  if (rest === '') return '';
  const match = /^(?:"([^"$`\\]+)"|'([^']+)'|([^\s"'$`\\;|&<>(){}!#*?[\]~]+))(?=[\s;|&<>)]|$)/.exec(rest);
  if (!match) return undefined;
  return match[1] ?? match[2] ?? match[3];
}

/** The word is an argument here, never part of what the shell reads. Some shells' `command -v` takes any file for a command. */
const LOOK_UP = `case "$1" in
  */*) [ -f "$1" ] && [ -x "$1" ] ;;
  *) command -v -- "$1" >/dev/null 2>&1 ;;
esac`;

/** Resolves when the command's first word can be run. Throws {@link CommandNotFound}. */
export async function checkCommand(
  command: string,
  where: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<void> {
  const word = firstWord(command);
  if (word === undefined) return;
  if (word === '') throw new CommandNotFound(command, '');
  const [program, args]: [string, string[]] =
    process.platform === 'win32' ? ['where', ['/q', word]] : ['/bin/sh', ['-c', LOOK_UP, 'cortex-worker', word]];
  const found = await new Promise<boolean>((resolve) => {
    const child = spawn(program, args, {
      stdio: 'ignore',
      env: { ...process.env, ...where.env },
      ...(where.cwd ? { cwd: where.cwd } : {}),
    });
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
  });
  if (!found) throw new CommandNotFound(command, word);
}

// Every word the command line knows, by the command it can follow: what the scripts of all shells are made from.
import type { Command } from 'commander';

export interface Word {
  readonly word: string;
  /** One line for shells that show it. */
  readonly about: string;
}

export interface Place {
  /** Commands so far, such as `masters add`; empty at the start. */
  readonly path: string;
  readonly commands: readonly Word[];
  readonly options: readonly Word[];
  /** Fixed values of the arguments. */
  readonly values: readonly string[];
  /** Options that take a value: what follows them is no command. Fixed values, where it has some. */
  readonly taking: readonly { readonly option: string; readonly values: readonly string[] }[];
}

/** All places of a program, the start first. Hidden commands are left out. */
export function placesOf(command: Command, path: readonly string[] = []): Place[] {
  const help = command.createHelp();
  const commands = help.visibleCommands(command).filter((one) => one.name() !== 'help');
  const options = help.visibleOptions(command);
  const spellings = (option: (typeof options)[number]) =>
    [option.long, option.short].filter((flag): flag is string => flag != null);
  return [
    {
      path: path.join(' '),
      commands: commands.map((one) => ({ word: one.name(), about: line(one.summary() || one.description()) })),
      options: options.flatMap((option) =>
        spellings(option).map((word) => ({ word, about: line(option.description) })),
      ),
      values: command.registeredArguments.flatMap((argument) => argument.argChoices ?? []),
      taking: options
        .filter((option) => option.required || option.optional)
        .flatMap((option) => spellings(option).map((flag) => ({ option: flag, values: option.argChoices ?? [] }))),
    },
    ...commands.flatMap((one) => placesOf(one, [...path, one.name()])),
  ];
}

const line = (text: string) => text.split('\n')[0]?.trim() ?? '';

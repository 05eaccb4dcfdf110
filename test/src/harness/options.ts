// Options of the programs in this folder (`npm run chaos -- --quick`): read strictly, and told in one line.
import { type ParseArgsConfig, parseArgs } from 'node:util';

type Options = NonNullable<ParseArgsConfig['options']>;
type Values<T extends Options> = ReturnType<typeof parseArgs<{ options: T }>>['values'];

/**
 * The options given to `program`. Ends the process with status 2 and one line on standard error where one is unknown or has a wrong
 * value; with `--help`, with status 0 and the same list.
 *
 * @param whole names of the options that take a whole number, 0 or more
 */
export function optionsOf<T extends Options>(program: string, options: T, whole: readonly (keyof T)[] = []): Values<T> {
  const names = Object.entries(options).map(([name, { type }]) => {
    if (type === 'boolean') return `--${name}`;
    return `--${name} ${whole.includes(name) ? 'N' : name.toUpperCase()}`;
  });
  const list = `options: ${names.join(', ')}`;
  try {
    const { values } = parseArgs({ options: { ...options, help: { type: 'boolean' } } });
    if ((values as { help?: boolean }).help === true) {
      process.stdout.write(`${program}; ${list}\n`);
      process.exit(0);
    }
    const given = values as Values<T>;
    for (const name of whole) {
      const value = given[name as keyof Values<T>];
      if (value !== undefined && !/^\d{1,15}$/.test(String(value)))
        throw new Error(`--${String(name)} is a whole number, not '${value}'`);
    }
    return given;
  } catch (error) {
    process.stderr.write(`${program}: ${(error as Error).message.split('. ')[0]}; ${list}\n`);
    process.exit(2);
  }
}

/** The parts named in `--only A,B`, or all of them; ends the process with status 2 where one is unknown. */
export function partsOf<Name extends string>(
  program: string,
  only: string | undefined,
  all: readonly Name[],
): Set<Name> {
  const given = only?.split(',').map((name) => name.trim()) ?? all;
  const unknown = given.find((name) => !(all as readonly string[]).includes(name));
  if (unknown === undefined) return new Set(given as Name[]);
  process.stderr.write(`${program}: --only does not know '${unknown}'; it knows ${all.join(', ')}\n`);
  process.exit(2);
}

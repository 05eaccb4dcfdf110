// Version numbers and programs on the PATH: what every ladder asks first.
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** The first `N.N.N` in a text, e.g. of `nats-server: v2.15.1`. */
export function versionOf(text: string): string | undefined {
  return /\b(?:v|1:)?(\d+\.\d+\.\d+)\b/.exec(text)?.[1];
}

/** Only what reads as a version, newest first. */
export function newestFirst(names: readonly string[]): string[] {
  return names.filter((name) => /^\d+\.\d+\.\d+$/.test(name)).sort((a, b) => compare(parts(b), parts(a)));
}

const parts = (version: string) => version.split('.').map(Number);

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((part, index) => part !== b[index]);
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}

/** Every runnable file of that name on `env.PATH`, in its order. */
export async function onPath(name: string, env: NodeJS.ProcessEnv): Promise<string[]> {
  const paths = (env.PATH ?? '')
    .split(delimiter)
    .filter(Boolean)
    .map((folder) => join(folder, name));
  const there = await Promise.all(
    paths.map((path) =>
      access(path, constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  );
  return paths.filter((_, index) => there[index]);
}

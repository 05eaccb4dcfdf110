// Paths and globs of files that may be read or changed. `**` any folders, `*` any part of a name, `?` one character.
import { realpath } from 'node:fs/promises';
import { isAbsolute, normalize, relative, resolve, sep } from 'node:path';

export function globToPattern(glob: string): RegExp {
  let pattern = '';
  for (let i = 0; i < glob.length; i++) {
    const rest = glob.slice(i);
    if (rest.startsWith('**/')) {
      pattern += '(?:[^/]+/)*';
      i += 2;
    } else if (rest.startsWith('**')) {
      pattern += '.*';
      i += 1;
    } else if (rest[0] === '*') pattern += '[^/]*';
    else if (rest[0] === '?') pattern += '[^/]';
    else pattern += (rest[0] ?? '').replace(/[\\^$.|?*+()[\]{}]/g, '\\$&');
  }
  return new RegExp(`^${pattern}$`);
}

export function matchesAny(path: string, globs: readonly string[]): boolean {
  return globs.some((glob) => globToPattern(glob).test(path));
}

/** Files that hold credentials by their nature. Never read, never changed, whatever a list allows. */
const SECRET_FILES =
  /(?:^|\/)(?:\.git|\.ssh|\.aws|\.gnupg|\.cortex)(?:\/|$)|(?:^|\/)(?:\.env(?:\.(?!example$|sample$|template$)[^/]*)?|\.npmrc|\.pypirc|\.netrc|id_[a-z0-9]+|[^/]*\.(?:pem|key|p12|pfx|jks|keystore|creds|nk)|credentials(?:\.[a-z]+)?|secrets?\.(?:ya?ml|json|toml|ini|env))$/i;

/** A relative path with forward slashes inside the root; undefined when it leads out, or to a file of credentials. */
export function insidePath(path: string): string | undefined {
  if (path === '' || path.includes('\0') || isAbsolute(path) || /^[a-z]:/i.test(path)) return undefined;
  const plain = normalize(path).split(sep).join('/').replace(/^\.\//, '');
  if (plain === '..' || plain.startsWith('../') || SECRET_FILES.test(plain)) return undefined;
  return plain;
}

/** The real place of a file, links resolved, if it lies inside the root; undefined when not, or when it is not there. */
export async function insideFile(root: string, path: string): Promise<string | undefined> {
  const plain = insidePath(path);
  if (plain === undefined) return undefined;
  try {
    const [base, file] = [await realpath(root), await realpath(resolve(root, plain))];
    const way = relative(base, file);
    return way === '' || way.startsWith('..') || isAbsolute(way) || insidePath(way) === undefined ? undefined : file;
  } catch {
    return undefined;
  }
}

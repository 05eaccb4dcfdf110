// Which file an import or a mention means, without running anybody's resolver: by place where it is relative, else by the end of the path. Pure.

const ENDING = /\.(?:d\.ts|[cm]?[jt]sx?|pyi?|go|rs|java|rb|php|cs|[ch](?:c|pp|xx|h)?|sh)$/;

export class Files {
  private readonly exact = new Set<string>();
  /** By the last parts of the path without its ending, however many of them: `b`, `a/b`. */
  private readonly byEnd = new Map<string, string[]>();

  constructor(paths: Iterable<string>) {
    for (const path of paths) {
      this.exact.add(path);
      const bare = bareOf(path);
      const parts = bare.split('/');
      for (let n = 1; n <= Math.min(4, parts.length); n++) this.note(parts.slice(-n).join('/'), path);
      const base = path.slice(path.lastIndexOf('/') + 1);
      if (base !== parts.at(-1)) {
        const whole = path.split('/');
        for (let n = 1; n <= Math.min(4, whole.length); n++) this.note(whole.slice(-n).join('/'), path);
      }
    }
  }

  private note(end: string, path: string): void {
    const known = this.byEnd.get(end);
    if (!known) this.byEnd.set(end, [path]);
    else if (known.length < 8 && !known.includes(path)) known.push(path);
  }

  /** Files that `module`, imported by `path`, may be. */
  imported(path: string, module: string): string[] {
    if (/^\.{1,2}(?:\/|$)/.test(module))
      return this.at(join(path.slice(0, Math.max(0, path.lastIndexOf('/'))), module));
    // Python's relative imports: one dot a folder.
    const dots = /^(\.+)([\w.]*)$/.exec(module);
    if (dots) {
      const up = '../'.repeat((dots[1] ?? '.').length - 1);
      return this.at(
        join(path.slice(0, Math.max(0, path.lastIndexOf('/'))), `${up}./${(dots[2] ?? '').replaceAll('.', '/')}`),
      );
    }
    const plain = module
      .replace(/^@[\w-]+\//, '')
      .replaceAll('::', '/')
      .replaceAll('\\', '/');
    if (plain.includes('/') && ENDING.test(plain)) return this.ending(plain);
    const parts = (plain.includes('/') ? plain : plain.replaceAll('.', '/'))
      .replace(/^crate\/|^super\/|^self\//, '')
      .split('/')
      .filter(Boolean);
    if (parts.length > 1) {
      const found = this.ending(parts.slice(-3).join('/')).concat(this.ending(parts.slice(-2).join('/')));
      if (found.length > 0) return [...new Set(found)].slice(0, 3);
    }
    // A package of this repository by its name: its door.
    const last = parts.at(-1) ?? '';
    return [`${last}/src/index`, `${last}/index`, `${last}/src/lib`, `${last}/__init__`]
      .flatMap((end) => this.byEnd.get(end) ?? [])
      .slice(0, 2);
  }

  /** Files whose path ends like `path`; none when that says too little. */
  ending(path: string): string[] {
    if (this.exact.has(path)) return [path];
    const found = this.byEnd.get(path) ?? this.byEnd.get(bareOf(path)) ?? [];
    return found.length <= 3 ? found : [];
  }

  private at(path: string): string[] {
    if (this.exact.has(path)) return [path];
    const bare = bareOf(path);
    const parts = bare.split('/');
    const near = this.byEnd.get(parts.slice(-4).join('/')) ?? [];
    const exact = near.filter((one) => bareOf(one) === bare);
    if (exact.length > 0) return exact.slice(0, 1);
    return (
      this.byEnd.get([...parts.slice(-3), 'index'].join('/')) ??
      this.byEnd.get([...parts.slice(-3), '__init__'].join('/')) ??
      []
    )
      .filter((one) => one.startsWith(`${path}/`))
      .slice(0, 1);
  }
}

const bareOf = (path: string): string => path.replace(ENDING, '');

function join(folder: string, path: string): string {
  const parts = folder === '' ? [] : folder.split('/');
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return parts.join('/');
}

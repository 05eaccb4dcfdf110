// Reads what `node --cpu-prof` writes: where the time went, by function and by package. Pure.

/** The parts of a .cpuprofile that are read (V8's format: a call tree, the leaf of each sample, microseconds between samples). */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
    readonly children?: readonly number[];
  }[];
  /** Microseconds of the machine's monotonic clock, the one of `process.hrtime`. */
  readonly startTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export interface Frame {
  readonly name: string;
  /** `@cortex/bus`, `zod`, `node:internal`, or the engine's own `(garbage collector)`. */
  readonly package: string;
  readonly at: string;
}

export interface Stack {
  /** From the root to the leaf. */
  readonly frames: readonly Frame[];
  readonly ms: number;
}

/** Frames that are no work: nobody's processor time. */
const WAITING = new Set(['(idle)', '(program)']);

/** Every distinct stack with its milliseconds, without waiting, of what was sampled within a window of the monotonic clock in microseconds. */
export function stacksOf(profile: CpuProfile, [from, to] = [0, Number.POSITIVE_INFINITY]): Stack[] {
  const parents = new Map<number, number>();
  const frames = new Map<number, Frame>();
  for (const { id, callFrame, children = [] } of profile.nodes) {
    frames.set(id, frameOf(callFrame));
    for (const child of children) parents.set(child, id);
  }
  const time = new Map<number, number>();
  let at = profile.startTime;
  profile.samples.forEach((id, i) => {
    at += profile.timeDeltas[i] ?? 0;
    if (at < from || at > to) return;
    time.set(id, (time.get(id) ?? 0) + (profile.timeDeltas[i] ?? 0) / 1_000);
  });
  const stacks: Stack[] = [];
  for (const [leaf, ms] of time) {
    if (WAITING.has(frames.get(leaf)?.name ?? '')) continue;
    const path: Frame[] = [];
    for (let id: number | undefined = leaf; id !== undefined; id = parents.get(id)) {
      const frame = frames.get(id);
      if (frame && frame.name !== '(root)') path.unshift(frame);
    }
    stacks.push({ frames: path, ms });
  }
  return stacks;
}

/** Milliseconds spent in a frame itself, largest first. */
export function selfTimes(stacks: readonly Stack[], key: (frame: Frame) => string): [string, number][] {
  const sums = new Map<string, number>();
  for (const { frames, ms } of stacks) {
    const leaf = frames.at(-1);
    if (leaf) sums.set(key(leaf), (sums.get(key(leaf)) ?? 0) + ms);
  }
  return [...sums].sort((a, b) => b[1] - a[1]);
}

/** Milliseconds spent in a frame and all it calls, each stack counted once. */
export function totalTimes(stacks: readonly Stack[], key: (frame: Frame) => string | undefined): [string, number][] {
  const sums = new Map<string, number>();
  for (const { frames, ms } of stacks) {
    for (const name of new Set(frames.map(key))) if (name !== undefined) sums.set(name, (sums.get(name) ?? 0) + ms);
  }
  return [...sums].sort((a, b) => b[1] - a[1]);
}

/** Milliseconds for which frames of `mine` are responsible: they are on top, or what the engine and Node do for them is. */
export function ownedBy(stacks: readonly Stack[], mine: (frame: Frame) => boolean): number {
  let sum = 0;
  for (const { frames, ms } of stacks) {
    const owner = frames.findLast((frame) => frame.package !== 'native' && frame.package !== 'node');
    if (owner && mine(owner)) sum += ms;
  }
  return sum;
}

function frameOf({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): Frame {
  const name = functionName === '' ? '(anonymous)' : functionName;
  if (url === '') return { name, package: name.startsWith('(') ? name : 'native', at: '' };
  if (url.startsWith('node:')) return { name, package: 'node', at: `${url}:${lineNumber + 1}` };
  const path = url.replace(/^file:\/\//, '');
  const modules = path.lastIndexOf('/node_modules/');
  if (modules >= 0) {
    const [first = '', second = ''] = path.slice(modules + '/node_modules/'.length).split('/');
    const found = first.startsWith('@') ? `${first}/${second}` : first;
    return { name, package: found, at: `${path.slice(modules + '/node_modules/'.length)}:${lineNumber + 1}` };
  }
  const own = /\/(schemas|bus|models|actors\/[^/]+|ops|test)\/dist\/(.*)$/.exec(path);
  return own
    ? { name, package: `cortex/${own[1]}`, at: `${own[1]}/${own[2]}:${lineNumber + 1}` }
    : { name, package: 'other', at: `${path.split('/').at(-1)}:${lineNumber + 1}` };
}

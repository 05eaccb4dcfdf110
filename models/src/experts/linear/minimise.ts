// Minimises a smooth function of many numbers, given value and gradient.
// Source: Nocedal & Wright 2006, chapter 7 (limited-memory BFGS), with a backtracking search on the Armijo condition.
// The one thing to know: convex losses only are minimised here, so the best point seen is always the last one.

/** Writes the gradient at `point` into `gradient` and returns the value. */
export type Objective = (point: Float64Array, gradient: Float64Array) => number | Promise<number>;

export interface MinimiseOptions {
  /** Steps at most. Default 100. */
  steps?: number;
  /** Stop when a step lowers the value by less than this share of it. Default 1e-6. */
  tolerance?: number;
  /** Pairs of (step, gradient change) remembered. Default 10. */
  memory?: number;
  signal?: AbortSignal;
  onStep?: (step: number, value: number) => void;
}

/** Starts at `start` (not changed). @throws the signal's reason when aborted. */
export async function minimise(start: Float64Array, objective: Objective, options: MinimiseOptions = {}) {
  const { steps = 100, tolerance = 1e-6, memory = 10 } = options;
  const size = start.length;
  let point = Float64Array.from(start);
  let gradient = new Float64Array(size);
  let value = await objective(point, gradient);
  const history: Pair[] = [];
  for (let step = 0; step < steps; step++) {
    options.signal?.throwIfAborted();
    const direction = descent(gradient, history);
    const slope = dot(direction, gradient);
    if (!(slope < 0)) break;
    let length = history.length ? 1 : Math.min(1, 1 / (norm(gradient) || 1));
    let accepted = false;
    for (let attempt = 0; attempt < 30; attempt++, length /= 2) {
      const next = new Float64Array(size);
      for (let i = 0; i < size; i++) next[i] = point[i]! + length * direction[i]!;
      const nextGradient = new Float64Array(size);
      const nextValue = await objective(next, nextGradient);
      if (!(nextValue <= value + 1e-4 * length * slope)) continue;
      remember(history, memory, point, next, gradient, nextGradient);
      const gain = value - nextValue;
      point = next;
      gradient = nextGradient;
      value = nextValue;
      accepted = gain > tolerance * Math.max(1e-12, Math.abs(value));
      break;
    }
    options.onStep?.(step + 1, value);
    if (!accepted) break;
  }
  return { point, value };
}

interface Pair {
  step: Float64Array;
  change: Float64Array;
  product: number;
}

function remember(
  history: Pair[],
  memory: number,
  from: Float64Array,
  to: Float64Array,
  g0: Float64Array,
  g1: Float64Array,
) {
  const step = to.map((v, i) => v - from[i]!);
  const change = g1.map((v, i) => v - g0[i]!);
  const product = dot(step, change);
  if (product <= 1e-12 * dot(change, change)) return;
  history.push({ step, change, product });
  if (history.length > memory) history.shift();
}

/** The two-loop recursion: −(approximate inverse Hessian) × gradient. */
function descent(gradient: Float64Array, history: readonly Pair[]): Float64Array {
  const q = Float64Array.from(gradient);
  const shares = new Float64Array(history.length);
  for (let h = history.length - 1; h >= 0; h--) {
    const { step, change, product } = history[h]!;
    shares[h] = dot(step, q) / product;
    for (let i = 0; i < q.length; i++) q[i]! -= shares[h]! * change[i]!;
  }
  const last = history.at(-1);
  const scale = last ? last.product / dot(last.change, last.change) : 1;
  for (let i = 0; i < q.length; i++) q[i]! *= scale;
  for (let h = 0; h < history.length; h++) {
    const { step, change, product } = history[h]!;
    const share = shares[h]! - dot(change, q) / product;
    for (let i = 0; i < q.length; i++) q[i]! += share * step[i]!;
  }
  for (let i = 0; i < q.length; i++) q[i] = -q[i]!;
  return q;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function norm(a: Float64Array): number {
  return Math.sqrt(dot(a, a));
}

// Isolation forest (Liu, Ting & Zhou 2008) over what a gauge did lately: value, change, mean and scatter of the last steps.
import { seededRandom } from '../../metrics/index.js';
import { MovingWindow } from '../moving.js';
import type { GaugeDetector } from './types.js';

const TREES = 40;
const SAMPLE = 128;
const DEEPEST = 10;
const WINDOW = 12;
const FEATURES = 4;

/** Each tree as parallel arrays; feature −1 marks a leaf, whose `at` is the path's length. Plain JSON. */
interface State {
  feature: number[][];
  at: number[][];
  /** Place of the child at or above the cut; the other one follows its parent. */
  right: number[][];
  norm: number;
}

export const forest: GaugeDetector<State> = {
  twoSided: false,
  fit(values) {
    const rows: number[][] = [];
    const features = featuresOf();
    for (const value of values) rows.push([...features(value)]);
    const known = rows.slice(Math.min(WINDOW, rows.length >> 1));
    const random = seededRandom(known.length);
    const state: State = { feature: [], at: [], right: [], norm: pathLength(Math.min(SAMPLE, known.length)) };
    for (let t = 0; t < TREES; t++) {
      const sample = Array.from(
        { length: Math.min(SAMPLE, known.length) },
        () => known[Math.floor(random() * known.length)]!,
      );
      const tree = { feature: [] as number[], at: [] as number[], right: [] as number[] };
      if (sample.length) grow(tree, sample, 0, random);
      state.feature.push(tree.feature);
      state.at.push(tree.at);
      state.right.push(tree.right);
    }
    return state;
  },
  open({ feature, at, right, norm }) {
    const features = featuresOf();
    // All trees in one piece of typed memory: this runs for every step of every gauge.
    const roots = Int32Array.from(feature, (_, t) => feature.slice(0, t).reduce((sum, tree) => sum + tree.length, 0));
    const split = Int8Array.from(feature.flat());
    const cut = Float64Array.from(at.flat());
    const above = Int32Array.from(right.flatMap((tree, t) => tree.map((node) => node + roots[t]!)));
    let seen = 0;
    return (value) => {
      const row = features(value);
      if (++seen < 4) return Number.NaN;
      let depth = 0;
      for (let t = 0; t < roots.length; t++) {
        let node = roots[t]!;
        for (let f = split[node]!; f >= 0; f = split[node]!) node = row[f]! < cut[node]! ? node + 1 : above[node]!;
        depth += cut[node]!;
      }
      return -depth / roots.length / Math.max(1e-9, norm);
    };
  },
};

function featuresOf(): (value: number) => Float64Array {
  const last = new MovingWindow(WINDOW);
  const row = new Float64Array(FEATURES);
  return (value) => {
    row[1] = last.count ? value - last.at(0) : 0;
    last.push(value);
    row[0] = value;
    row[2] = last.mean;
    row[3] = last.deviation;
    return row;
  };
}

function grow(
  tree: { feature: number[]; at: number[]; right: number[] },
  rows: number[][],
  depth: number,
  random: () => number,
): void {
  const place = tree.feature.length;
  const first = Math.floor(random() * FEATURES);
  let split = -1;
  let low = 0;
  let high = 0;
  for (let k = 0; k < FEATURES && split < 0 && depth < DEEPEST && rows.length > 1; k++) {
    const f = (first + k) % FEATURES;
    low = Number.POSITIVE_INFINITY;
    high = Number.NEGATIVE_INFINITY;
    for (const row of rows) {
      low = Math.min(low, row[f]!);
      high = Math.max(high, row[f]!);
    }
    if (high > low) split = f;
  }
  tree.feature.push(split);
  tree.right.push(0);
  if (split < 0) {
    tree.at.push(depth + pathLength(rows.length));
    return;
  }
  const cut = low + (high - low) * random();
  tree.at.push(cut);
  const below = rows.filter((row) => row[split]! < cut);
  const above = rows.filter((row) => row[split]! >= cut);
  grow(tree, below, depth + 1, random);
  tree.right[place] = tree.feature.length;
  grow(tree, above, depth + 1, random);
}

/** Mean depth at which a search among `count` fails. */
function pathLength(count: number): number {
  if (count < 2) return 0;
  return 2 * (Math.log(count - 1) + 0.5772156649) - (2 * (count - 1)) / count;
}

// One regression tree, grown leaf by leaf (the split that helps most comes first), on histograms of bins.
// Source: Ke et al. 2017, "LightGBM". The one thing to know: a child's histogram is its parent's less its brother's, so only
// the smaller child is counted; a missing value (bin 0) goes to the side that the training rows showed to be better.

export interface TreeOptions {
  leaves: number;
  minRows: number;
  l2: number;
  minGain: number;
}

/** Nodes in the order made; `column` −1 is a leaf. Left: bin ≤ cut, and the missing ones when `missingLeft` is 1. */
export interface Tree {
  column: number[];
  cut: number[];
  missingLeft: number[];
  left: number[];
  right: number[];
  value: number[];
}

export interface GrowInput {
  bins: Uint8Array;
  /** Rows in a column of `bins`. */
  stride: number;
  /** Bins used in each column, missing included. */
  binCounts: Int32Array;
  /** The most of them in any column. */
  binSpace: number;
  gradient: Float32Array;
  curvature: Float32Array;
  /** Columns this tree may look at. */
  columns: Int32Array;
}

interface Split {
  gain: number;
  column: number;
  cut: number;
  missingLeft: number;
}

interface Leaf {
  node: number;
  rows: Int32Array;
  histogram: Float64Array;
  split: Split | undefined;
}

/** Grows a tree over `rows`. `leafRows` gets the rows that ended in each leaf node. */
export function growTree(
  input: GrowInput,
  rows: Int32Array,
  options: TreeOptions,
  leafRows: Map<number, Int32Array>,
): Tree {
  const tree: Tree = { column: [], cut: [], missingLeft: [], left: [], right: [], value: [] };
  const first: Leaf = { node: addLeaf(tree), rows, histogram: count(input, rows), split: undefined };
  first.split = bestSplit(input, first, options);
  const leaves = [first];
  while (leaves.length < options.leaves) {
    let best = -1;
    for (let i = 0; i < leaves.length; i++) {
      if (leaves[i]!.split && (best < 0 || leaves[i]!.split!.gain > leaves[best]!.split!.gain)) best = i;
    }
    if (best < 0) break;
    const last = leaves.length + 1 === options.leaves;
    const [left, right] = divide(tree, input, leaves[best]!, options, last);
    leaves.splice(best, 1, left, right);
  }
  for (const leaf of leaves) {
    tree.value[leaf.node] = newton(input, leaf.rows, options.l2);
    leafRows.set(leaf.node, leaf.rows);
  }
  return tree;
}

function addLeaf(tree: Tree): number {
  tree.column.push(-1);
  tree.cut.push(0);
  tree.missingLeft.push(0);
  tree.left.push(0);
  tree.right.push(0);
  return tree.value.push(0) - 1;
}

function newton(input: GrowInput, rows: Int32Array, l2: number): number {
  let gradient = 0;
  let curvature = 0;
  for (const r of rows) {
    gradient += input.gradient[r]!;
    curvature += input.curvature[r]!;
  }
  return -gradient / (curvature + l2);
}

/** Gradient, curvature and rows of each bin: three numbers a bin, columns one after the other. */
function count(input: GrowInput, rows: Int32Array): Float64Array {
  const { bins, stride, gradient, curvature, columns, binSpace } = input;
  const histogram = new Float64Array(columns.length * binSpace * 3);
  columns.forEach((column, k) => {
    const base = k * binSpace;
    const from = column * stride;
    for (const r of rows) {
      const at = (base + bins[from + r]!) * 3;
      histogram[at]! += gradient[r]!;
      histogram[at + 1]! += curvature[r]!;
      histogram[at + 2]! += 1;
    }
  });
  return histogram;
}

function bestSplit(input: GrowInput, leaf: Leaf, options: TreeOptions): Split | undefined {
  const { histogram, rows } = leaf;
  if (rows.length < options.minRows * 2) return undefined;
  let g = 0;
  let h = 0;
  for (const r of rows) {
    g += input.gradient[r]!;
    h += input.curvature[r]!;
  }
  const parent = (g * g) / (h + options.l2);
  let best: Split | undefined;
  for (let k = 0; k < input.columns.length; k++) {
    const base = k * input.binSpace * 3;
    const missingRows = histogram[base + 2]!;
    const last = input.binCounts[input.columns[k]!]! - 1;
    // With nothing missing here, later missing values follow the larger child: try one side only.
    for (let side = 0; side <= (missingRows > 0 ? 1 : 0); side++) {
      let leftG = side ? histogram[base]! : 0;
      let leftH = side ? histogram[base + 1]! : 0;
      let leftN = side ? missingRows : 0;
      for (let b = 1; b <= last; b++) {
        if (b === last && (side === 1 || !missingRows)) break;
        leftG += histogram[base + b * 3]!;
        leftH += histogram[base + b * 3 + 1]!;
        leftN += histogram[base + b * 3 + 2]!;
        if (leftN < options.minRows) continue;
        if (rows.length - leftN < options.minRows) break;
        const gain = (leftG * leftG) / (leftH + options.l2) + (g - leftG) ** 2 / (h - leftH + options.l2) - parent;
        if (gain > options.minGain && (!best || gain > best.gain)) {
          const missingLeft = missingRows ? side : leftN * 2 >= rows.length ? 1 : 0;
          best = { gain, column: input.columns[k]!, cut: b, missingLeft };
        }
      }
    }
  }
  return best;
}

/** @param last nobody will divide the children: they need no histogram. */
function divide(tree: Tree, input: GrowInput, leaf: Leaf, options: TreeOptions, last: boolean): [Leaf, Leaf] {
  const { column, cut, missingLeft } = leaf.split!;
  const from = column * input.stride;
  const goesLeft = (r: number) => {
    const bin = input.bins[from + r]!;
    return bin === 0 ? missingLeft === 1 : bin <= cut;
  };
  const leftRows = leaf.rows.filter(goesLeft);
  const rightRows = leaf.rows.filter((r) => !goesLeft(r));
  tree.column[leaf.node] = column;
  tree.cut[leaf.node] = cut;
  tree.missingLeft[leaf.node] = missingLeft;
  const leftIsSmall = leftRows.length <= rightRows.length;
  const done = last || Math.max(leftRows.length, rightRows.length) < options.minRows * 2;
  const large = leaf.histogram;
  const small = done ? large : count(input, leftIsSmall ? leftRows : rightRows);
  if (!done) for (let i = 0; i < large.length; i++) large[i]! -= small[i]!;
  const children = [leftRows, rightRows].map((rows, i): Leaf => {
    const child: Leaf = {
      node: addLeaf(tree),
      rows,
      histogram: (i === 0) === leftIsSmall ? small : large,
      split: undefined,
    };
    if (!done) child.split = bestSplit(input, child, options);
    return child;
  });
  tree.left[leaf.node] = children[0]!.node;
  tree.right[leaf.node] = children[1]!.node;
  return [children[0]!, children[1]!];
}

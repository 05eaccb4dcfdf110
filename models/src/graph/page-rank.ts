// Which nodes lie near to some others, over all paths: personalised PageRank by forward push, which only touches the neighbourhood.
// Source: Andersen, Chung and Lang, Local Graph Partitioning using PageRank Vectors (2006).
import type { Graph } from './graph.js';

export interface PageRankOptions {
  /** Chance to go on instead of starting again at a seed. Default .6: about one and a half steps away. */
  damping?: number;
  /** What is left unpushed at a node, as a share of its degree: smaller is more exact. Default 1e-5. */
  epsilon?: number;
  /** Pushes at most: bounds the time on a dense graph. Default 200,000. */
  most?: number;
}

/**
 * @param seeds nodes to start from, with weights above 0; unknown ones are left out
 * @returns share of the walk at each node that was reached; the shares add up to at most 1
 */
export function personalisedPageRank(
  graph: Graph,
  seeds: ReadonlyMap<string, number>,
  { damping = 0.6, epsilon = 1e-5, most = 200_000 }: PageRankOptions = {},
): Map<string, number> {
  const { starts, targets, weights, totals, rank, residue } = graph.edges();
  const queue: number[] = [];
  const reached: number[] = [];
  /** Some of them twice. */
  const touched: number[] = [];
  let sum = 0;
  for (const [name, weight] of seeds) if (weight > 0 && graph.has(name)) sum += weight;
  for (const [name, weight] of seeds) {
    const node = graph.numberOf(name);
    if (node === undefined || !(weight > 0)) continue;
    residue[node] = (residue[node] ?? 0) + weight / sum;
    touched.push(node);
    queue.push(node);
  }
  for (let head = 0, pushes = 0; head < queue.length && pushes < most; head++, pushes++) {
    const node = queue[head] as number;
    const held = residue[node] ?? 0;
    const total = totals[node] ?? 0;
    if (held === 0) continue;
    residue[node] = 0;
    // A node without edges keeps what comes to it.
    const kept = total > 0 ? (1 - damping) * held : held;
    if (rank[node] === 0) reached.push(node);
    rank[node] = (rank[node] ?? 0) + kept;
    if (total <= 0) continue;
    for (let i = starts[node] ?? 0; i < (starts[node + 1] ?? 0); i++) {
      const target = targets[i] ?? 0;
      const before = residue[target] ?? 0;
      const after = before + (damping * held * (weights[i] ?? 0)) / total;
      if (before === 0) touched.push(target);
      residue[target] = after;
      const degree = Math.max(1, (starts[target + 1] ?? 0) - (starts[target] ?? 0));
      if (before < epsilon * degree && after >= epsilon * degree) queue.push(target);
    }
  }
  const found = new Map<string, number>();
  for (const node of reached) {
    found.set(graph.nameOf(node), rank[node] ?? 0);
    rank[node] = 0;
  }
  for (const node of touched) residue[node] = 0;
  return found;
}

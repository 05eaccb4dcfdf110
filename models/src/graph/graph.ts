// Things and how they hang together: files, symbols, issues, commits, tasks, masters, outcomes as nodes; imports, mentions, fixes as edges.
// The one thing to know: nodes are strings to the outside and numbers within; edges lie packed by node once asked, so a walk touches little memory.

export interface Edge {
  from: string;
  to: string;
  /** How strongly one leads to the other. Default 1; several edges between the same two add up. */
  weight?: number;
  /** What one comes back with, as a share of `weight`: who imports is a hint at what is imported, less so the other way. Default .5. */
  back?: number;
}

interface Packed {
  starts: Uint32Array;
  targets: Uint32Array;
  weights: Float32Array;
  /** Sum of a node's weights. */
  totals: Float32Array;
  /** A walk's own, by node; all 0 between walks. */
  rank: Float64Array;
  residue: Float64Array;
}

export class Graph {
  private readonly numbers = new Map<string, number>();
  private readonly names: string[] = [];
  private from: number[] = [];
  private to: number[] = [];
  private weight: number[] = [];
  private packed: Packed | undefined;

  get size(): number {
    return this.names.length;
  }

  has(name: string): boolean {
    return this.numbers.has(name);
  }

  node(name: string): number {
    let number = this.numbers.get(name);
    if (number === undefined) {
      number = this.names.length;
      this.numbers.set(name, number);
      this.names.push(name);
      this.packed = undefined;
    }
    return number;
  }

  nameOf(number: number): string {
    return this.names[number] ?? '';
  }

  numberOf(name: string): number | undefined {
    return this.numbers.get(name);
  }

  add({ from, to, weight = 1, back = 0.5 }: Edge): void {
    if (from === to || !(weight > 0)) return;
    const [a, b] = [this.node(from), this.node(to)];
    this.from.push(a);
    this.to.push(b);
    this.weight.push(weight);
    if (back > 0) {
      this.from.push(b);
      this.to.push(a);
      this.weight.push(weight * back);
    }
    this.packed = undefined;
  }

  /** Names and weights of what a node leads to. */
  neighbours(name: string): { name: string; weight: number }[] {
    const node = this.numbers.get(name);
    if (node === undefined) return [];
    const { starts, targets, weights } = this.edges();
    const found = new Map<number, number>();
    for (let i = starts[node] ?? 0; i < (starts[node + 1] ?? 0); i++) {
      const target = targets[i] ?? 0;
      found.set(target, (found.get(target) ?? 0) + (weights[i] ?? 0));
    }
    return Array.from(found, ([number, weight]) => ({ name: this.nameOf(number), weight }));
  }

  /** Edges packed by the node they leave. */
  edges(): Packed {
    if (this.packed) return this.packed;
    const starts = new Uint32Array(this.size + 1);
    for (const node of this.from) starts[node + 1] = (starts[node + 1] ?? 0) + 1;
    for (let i = 0; i < this.size; i++) starts[i + 1] = (starts[i + 1] ?? 0) + (starts[i] ?? 0);
    const next = starts.slice();
    const targets = new Uint32Array(this.from.length);
    const weights = new Float32Array(this.from.length);
    const totals = new Float32Array(this.size);
    this.from.forEach((node, i) => {
      const at = next[node] ?? 0;
      next[node] = at + 1;
      targets[at] = this.to[i] ?? 0;
      weights[at] = this.weight[i] ?? 0;
      totals[node] = (totals[node] ?? 0) + (this.weight[i] ?? 0);
    });
    const [rank, residue] = [new Float64Array(this.size), new Float64Array(this.size)];
    this.packed = { starts, targets, weights, totals, rank, residue };
    return this.packed;
  }
}

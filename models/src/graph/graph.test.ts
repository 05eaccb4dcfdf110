import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Graph, personalisedPageRank } from './index.js';

const sum = (values: Iterable<number>) => [...values].reduce((a, b) => a + b, 0);

describe('personalised PageRank', () => {
  it('finds what two hops connect before what is not connected', () => {
    const graph = new Graph();
    graph.add({ from: 'issue', to: 'a.ts' });
    graph.add({ from: 'a.ts', to: 'b.ts' });
    graph.add({ from: 'x.ts', to: 'y.ts' });
    const rank = personalisedPageRank(graph, new Map([['issue', 1]]));
    expect([...rank].sort((p, q) => q[1] - p[1]).map(([name]) => name)).toEqual(['issue', 'a.ts', 'b.ts']);
    expect(rank.has('y.ts')).toBe(false);
  });

  it('equals the walk that is computed step by step', () => {
    const graph = new Graph();
    const edges = [
      ['a', 'b', 1],
      ['b', 'c', 2],
      ['c', 'a', 1],
      ['a', 'c', 3],
      ['c', 'd', 1],
    ] as const;
    for (const [from, to, weight] of edges) graph.add({ from, to, weight, back: 0.25 });
    const damping = 0.7;
    let walk = new Map([['a', 1]]);
    const exact = new Map<string, number>();
    for (let step = 0; step < 200; step++) {
      const next = new Map<string, number>();
      for (const [name, mass] of walk) {
        exact.set(name, (exact.get(name) ?? 0) + (1 - damping) * mass);
        const out = graph.neighbours(name);
        for (const { name: to, weight } of out)
          next.set(to, (next.get(to) ?? 0) + (damping * mass * weight) / sum(out.map((o) => o.weight)));
      }
      walk = next;
    }
    const rank = personalisedPageRank(graph, new Map([['a', 1]]), { damping, epsilon: 1e-12 });
    for (const [name, share] of exact) expect(rank.get(name)).toBeCloseTo(share, 6);
  });

  it('never makes more than there was, and ends, whatever the graph', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(20), fc.nat(20), fc.double({ min: 0.01, max: 10, noNaN: true }))),
        fc.nat(20),
        (edges, seed) => {
          const graph = new Graph();
          for (const [from, to, weight] of edges) graph.add({ from: `n${from}`, to: `n${to}`, weight });
          const total = sum(personalisedPageRank(graph, new Map([[`n${seed}`, 2]])).values());
          expect(total).toBeLessThanOrEqual(1 + 1e-9);
          if (graph.has(`n${seed}`)) expect(total).toBeGreaterThan(0.3);
        },
      ),
    );
  });
});

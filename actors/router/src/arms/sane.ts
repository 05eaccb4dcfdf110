// A panel on trial, heard with distrust: odds that are no odds are an error, named, and never part of an answer; so is taking too long, which in
// this process holds up everybody.
import type { Opinion, Panel } from '../panel.js';

/** Thrown when a model answers with something that is no probability. */
export class Nonsense extends Error {
  override readonly name = 'Nonsense';
}

/** Thrown when a model thinks longer than an answer may wait for it. */
export class TooSlow extends Error {
  override readonly name = 'TooSlow';
}

/** What one more query of a batch may take. */
const PER_QUERY_MS = 10;

/** The same panel, whose opinions are checked, and the time they take. */
export function checked(panel: Panel, patienceMs: number): Panel {
  const hear = async (queries: number, thinking: () => Promise<Opinion[]>) => {
    const began = performance.now();
    const opinions = await thinking();
    const ms = performance.now() - began;
    if (ms > patienceMs + PER_QUERY_MS * queries) throw new TooSlow(`late: it thought for ${Math.round(ms)} ms`);
    for (const opinion of opinions) check(opinion);
    return opinions;
  };
  return {
    ...panel,
    quick: (queries, masters) => hear(queries.length, () => panel.quick(queries, masters)),
    full: (queries, masters) => hear(queries.length, () => panel.full(queries, masters)),
  };
}

function check({ probabilities, scope }: Opinion): void {
  let sum = 0;
  let masters = 0;
  for (const [master, p] of Object.entries(probabilities)) {
    if (!(p >= 0 && p <= 1 + 1e-6)) throw new Nonsense(`its odds of ${master} are ${p}`);
    sum += p;
    masters++;
  }
  // Tiny odds may be left out of a long list.
  if (masters > 0 && !(sum > 0.5 && sum < 1.01)) throw new Nonsense(`its odds sum to ${sum}`);
  if (!(scope >= 0 && scope <= 1 + 1e-6)) throw new Nonsense(`its scope is ${scope}`);
}

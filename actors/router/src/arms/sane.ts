// A panel on trial, heard with distrust: odds that are no odds are an error, named, and never part of an answer.
import type { Opinion, Panel } from '../panel.js';

/** Thrown when a model answers with something that is no probability. */
export class Nonsense extends Error {
  override readonly name = 'Nonsense';
}

/** The same panel, whose opinions are checked. */
export function checked(panel: Panel): Panel {
  const all = (opinions: Opinion[]) => {
    for (const opinion of opinions) check(opinion);
    return opinions;
  };
  return {
    ...panel,
    quick: async (queries, masters) => all(await panel.quick(queries, masters)),
    full: async (queries, masters) => all(await panel.full(queries, masters)),
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

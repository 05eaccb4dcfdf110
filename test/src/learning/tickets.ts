// Tickets as a stream: so many of each label to begin with, the others in the order of the file, and a test set nobody learns from.
import { join } from 'node:path';
import { loadServedRouter, seededRandom } from '@cortex/models';
import { readRows } from '../harness/data.js';
import type { System, Ticket } from './system.js';

export interface Tickets {
  /** The first of each label. */
  readonly first: ReadonlyMap<string, readonly string[]>;
  readonly stream: readonly Ticket[];
  readonly test: readonly Ticket[];
}

export function readTickets(folder: string, each: number, tasks: number, seed: number): Tickets {
  const rows = readRows<Ticket>(join(folder, 'train.jsonl.gz'));
  const random = seededRandom(seed);
  const order = rows.map((_, i) => ({ i, key: random() })).sort((a, b) => a.key - b.key);
  const first = new Map<string, string[]>();
  const stream: Ticket[] = [];
  for (const { i } of order) {
    const row = rows[i] as Ticket;
    const known = first.get(row.label) ?? [];
    first.set(row.label, known);
    if (known.length < each) known.push(row.text);
    else stream.push(row);
  }
  return { first, stream: stream.slice(0, tasks), test: readRows<Ticket>(join(folder, 'test.jsonl.gz')) };
}

export function firstRows(first: Tickets['first']): Ticket[] {
  return [...first].flatMap(([label, texts]) => texts.map((text) => ({ text, label })));
}

/** Share of the test set that a version sends to the right master, best master forced, asked in this process. */
export async function heldOutAccuracy(system: System, name: string, test: readonly Ticket[]): Promise<number> {
  const model = await loadServedRouter(await system.fetch(name));
  const results = await model.route(
    test.map(({ text }) => ({ text })),
    { explain: false },
  );
  return results.filter((result, i) => result.master === test[i]?.label).length / test.length;
}

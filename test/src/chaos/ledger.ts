// Counts what was published, decided, applied, from three sources that do not know each other: the acknowledgements its own publisher got,
// the file that the work itself writes to, and the log, read record by record. It never asks an actor how it did.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { Bus } from '@cortex/bus';
import { type Entry, readLog } from '../harness/ledger.js';
import { type Check, exactly } from './scenario.js';

export interface Effect {
  readonly task: string;
  readonly attempt: number;
  readonly worker: string;
}

export interface Tally {
  /** Publishes that were acknowledged, by task. */
  readonly published: number;
  readonly decided: number;
  /** Tasks whose work was done at least once. */
  readonly worked: number;
  /** Tasks whose work was done more than once: allowed after a lost lease, but only one result may count. */
  readonly workedAgain: number;
  readonly settled: number;
  /** Acknowledged, and not settled. */
  readonly lost: readonly string[];
  /** Ended more than once, or one message carried out twice. */
  readonly twice: readonly string[];
  /** Settled as completed although nobody did the work. */
  readonly invented: readonly string[];
}

export class Ledger {
  /** Task → when its publish was acknowledged. */
  readonly acked = new Map<string, number>();

  constructor(readonly effectsFile: string) {}

  /** Called by work that runs in this process; workers in others write the same line themselves. */
  worked(effect: Effect): void {
    appendFileSync(this.effectsFile, `${JSON.stringify(effect)}\n`);
  }

  /** Every piece of work that was done, in the order in which it was done. */
  effects(): Effect[] {
    if (!existsSync(this.effectsFile)) return [];
    return readFileSync(this.effectsFile, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Effect);
  }

  async tally(bus: Bus): Promise<Tally> {
    return this.count(await readLog(bus));
  }

  count(log: ReadonlyMap<string, readonly Entry[]>): Tally {
    const done = new Map<string, number>();
    for (const { task } of this.effects()) done.set(task, (done.get(task) ?? 0) + 1);
    const lost: string[] = [];
    const twice: string[] = [];
    const invented: string[] = [];
    let decided = 0;
    let settled = 0;
    for (const id of this.acked.keys()) {
      const records = log.get(id) ?? [];
      const ends = records.filter(({ record }) => record.step === 'settled');
      const causes = records.flatMap(({ record }) => record.cause ?? []);
      if (records.some(({ record }) => record.step === 'decided')) decided++;
      if (ends.length > 0) settled++;
      else lost.push(id);
      if (ends.length > 1 || new Set(causes).size < causes.length) twice.push(id);
      if (ends.some(({ record }) => record.outcome?.status === 'completed') && !done.has(id)) invented.push(id);
    }
    return {
      published: this.acked.size,
      decided,
      worked: done.size,
      workedAgain: [...done.values()].filter((times) => times > 1).length,
      settled,
      lost,
      twice,
      invented,
    };
  }
}

/** What every scenario under load must hold to. */
export function nothingLostOrTwice(tally: Tally): Check[] {
  return [
    exactly('lost', tally.lost.length, 0),
    exactly('applied twice', tally.twice.length, 0),
    exactly('completed without work', tally.invented.length, 0),
  ];
}

export function countsOf(tally: Tally): Record<string, number> {
  const { published, decided, worked, workedAgain, settled } = tally;
  return { published, decided, worked, worked_again: workedAgain, settled };
}

// What each master's queue looks like, bin by bin: how much came, how long the work takes. Pure.
import type { LogRecord } from '@cortex/schemas';

export interface MasterDemand {
  /** Arrivals of the bin that just ended. */
  readonly arrivals: number;
  /** Mean seconds of work; undefined while nobody knows. */
  readonly serviceSeconds?: number;
  /** Squared coefficient of variation of the work, from outcomes. */
  readonly serviceScatter?: number;
}

interface Counted {
  arrivals: number;
  /** Exponentially weighted mean and second moment of measured seconds. */
  mean: number;
  square: number;
  measured: number;
  /** Mean of predicted seconds, used until enough is measured. */
  predicted: number | undefined;
}

/** Outcomes that the running mean remembers, about. */
const MEMORY = 50;
const ENOUGH = 5;

/** Counts the log's steps. A retry of the same task is an arrival too: it is work again. */
export class Demands {
  private readonly masters = new Map<string, Counted>();

  take(record: Pick<LogRecord, 'step' | 'decision' | 'outcome'>): void {
    const master = record.decision?.master;
    if (master === undefined) return;
    const counted = this.of(master);
    if (record.step === 'decided') {
      counted.arrivals++;
      const minutes = record.decision?.prediction?.minutes?.p50;
      if (minutes !== undefined) counted.predicted = minutes * 60;
    } else if (record.step === 'settled' && record.outcome?.minutes !== undefined) {
      const seconds = record.outcome.minutes * 60;
      counted.measured++;
      const weight = 1 / Math.min(MEMORY, counted.measured);
      counted.mean += weight * (seconds - counted.mean);
      counted.square += weight * (seconds * seconds - counted.square);
    }
  }

  /** Ends a bin: what it held, by master, and counting begins anew. */
  close(): Map<string, MasterDemand> {
    const closed = new Map<string, MasterDemand>();
    for (const [master, counted] of this.masters) {
      const { mean, square, measured, predicted, arrivals } = counted;
      const known = measured >= ENOUGH ? mean : (predicted ?? (measured > 0 ? mean : undefined));
      closed.set(master, {
        arrivals,
        ...(known === undefined ? {} : { serviceSeconds: known }),
        ...(measured >= ENOUGH && mean > 0
          ? { serviceScatter: Math.max(0, square - mean * mean) / (mean * mean) }
          : {}),
      });
      counted.arrivals = 0;
    }
    return closed;
  }

  private of(master: string): Counted {
    let counted = this.masters.get(master);
    if (!counted) {
      counted = { arrivals: 0, mean: 0, square: 0, measured: 0, predicted: undefined };
      this.masters.set(master, counted);
    }
    return counted;
  }
}

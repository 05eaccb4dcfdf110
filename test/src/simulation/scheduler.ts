// One seed, one history: every step that crosses a process (a read, an append, a publish, an acknowledgement) waits here, and the seed alone
// says which goes next, which is lost, and who dies in between. No wall clock, no real timers.
import { seededRandom } from '@cortex/models';

/** A process that can die at any of its steps. What it had sent may arrive all the same. */
export class Process {
  epoch = 0;
  constructor(readonly name: string) {}
}

interface Step {
  readonly by: Process;
  readonly epoch: number;
  readonly label: string;
  /** Something done within the process, whose answer cannot be lost. */
  readonly local: boolean;
  readonly carryOut: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export interface Faults {
  /** Chance that a process dies at one of its steps. */
  readonly crash: number;
  /** Chance that a step is carried out but its answer is lost. */
  readonly lostAnswer: number;
}

/** Thrown into a process whose answer was lost: it does not know whether the step was carried out. */
export class AnswerLost extends Error {
  override readonly name = 'AnswerLost';
}

export class Scheduler {
  readonly random: () => number;
  readonly trace: string[] = [];
  private readonly steps: Step[] = [];
  crashes = 0;

  constructor(
    seed: number,
    private readonly faults: Faults,
    private readonly keepTrace = false,
  ) {
    this.random = seededRandom(seed);
  }

  /** A step of a process; resolves when the seed says so, or never, when the process dies first. */
  step<T>(by: Process, label: string, carryOut: () => T, local = false): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.steps.push({
        by,
        epoch: by.epoch,
        label,
        local,
        carryOut,
        resolve: resolve as (value: unknown) => void,
        reject,
      });
    });
  }

  /** A step within the process: it may die there, but hears its own answer. */
  local<T>(by: Process, label: string, carryOut: () => T): Promise<T> {
    return this.step(by, label, carryOut, true);
  }

  get waiting(): number {
    return this.steps.length;
  }

  pick<T>(from: readonly T[]): T | undefined {
    return from[Math.floor(this.random() * from.length)];
  }

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  /** Carries out one step, whichever the seed picks. Faults stop when `calm`, so that everything can come to its end. */
  async next(calm: boolean): Promise<void> {
    const at = Math.floor(this.random() * this.steps.length);
    const [step] = this.steps.splice(at, 1);
    if (!step) return;
    const alive = step.by.epoch === step.epoch;
    if (!alive) {
      // Sent before the process died: it may be on its way.
      const arrives = this.chance(0.5);
      this.note(step, arrives ? 'arrives after the death of its sender' : 'is lost with its sender');
      if (arrives) quietly(step.carryOut);
      return;
    }
    if (!calm && this.chance(this.faults.crash)) {
      const arrives = this.chance(0.5);
      this.note(step, `dies ${arrives ? 'after' : 'before'}`);
      if (arrives) quietly(step.carryOut);
      this.kill(step.by);
      return;
    }
    try {
      const value = step.carryOut();
      if (!calm && !step.local && this.chance(this.faults.lostAnswer)) {
        this.note(step, 'done, answer lost');
        step.reject(new AnswerLost(step.label));
      } else {
        this.note(step, 'done');
        step.resolve(value);
      }
    } catch (error) {
      this.note(step, `refused: ${error instanceof Error ? error.message : String(error)}`);
      step.reject(error);
    }
    // Lets the process go on until its next step.
    await new Promise<void>((go) => setImmediate(go));
  }

  kill(process: Process): void {
    process.epoch++;
    this.crashes++;
  }

  private note(step: Step, what: string): void {
    if (this.keepTrace) this.trace.push(`${step.by.name}  ${step.label}  ${what}`);
  }
}

function quietly(work: () => unknown): void {
  try {
    work();
  } catch {
    // Refused, and nobody is there to hear it.
  }
}

// What a scenario is: a fault, the bound it must hold to, and a function that makes the one and measures the other.

/** One rule of a scenario, with what was found. */
export interface Check {
  readonly what: string;
  /** Such as `0` or `≤ 22 s`. */
  readonly bound: string;
  readonly got: string;
  readonly ok: boolean;
}

export interface Outcome {
  /** What was counted: tasks, kills, refusals. */
  readonly counts: Readonly<Record<string, number | string>>;
  /** Milliseconds from the end of the fault until all was well again. */
  readonly recoveredMs?: number;
  readonly checks: readonly Check[];
}

/** What a scenario is given. */
export interface Run {
  /** Smaller counts and durations, each stated in the scenario's `quick`. */
  readonly quick: boolean;
  readonly seed: number;
  /** 0 to 1, from the seed. */
  readonly random: () => number;
  /** An empty folder that goes away afterwards. */
  readonly folder: string;
  /** Folder of the encoder; undefined without one. */
  readonly encoder: string | undefined;
  readonly say: (line: string) => void;
}

export interface Scenario {
  readonly number: number;
  readonly name: string;
  readonly fault: string;
  readonly pass: string;
  /** What the quick form does less of. */
  readonly quick: string;
  run(run: Run): Promise<Outcome>;
}

/** Thrown when this machine cannot make the fault at all; the message says why. */
export class CannotHere extends Error {
  override readonly name = 'CannotHere';
}

export function exactly(what: string, got: number, bound: number): Check {
  return { what, bound: String(bound), got: String(got), ok: got === bound };
}

export function atMost(what: string, got: number, bound: number, unit = ''): Check {
  return { what, bound: `≤ ${bound}${unit}`, got: `${round(got)}${unit}`, ok: got <= bound };
}

export function holds(what: string, ok: boolean, got = ok ? 'yes' : 'no'): Check {
  return { what, bound: 'yes', got, ok };
}

export function seconds(what: string, ms: number, boundMs: number): Check {
  return atMost(what, ms / 1_000, boundMs / 1_000, ' s');
}

export function round(value: number): number {
  return Math.round(value * 100) / 100;
}

export const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

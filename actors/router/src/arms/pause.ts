// When a model on trial is not heard for a while: what computes in this process can hold everything up while it does, so one that is
// late again and again is only tried now and then. Pure but for the clock it is given.

const LOOKED_AT = 10;
const TOO_MANY = 3;
const FIRST_PAUSE_MS = 10_000;
const LONGEST_PAUSE_MS = 300_000;

export class Pause {
  private late: boolean[] = [];
  private until = Number.NEGATIVE_INFINITY;
  private next = FIRST_PAUSE_MS;

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Why it is not heard now; undefined when it is. */
  reason(): string | undefined {
    if (this.now() >= this.until) return undefined;
    return `paused for being late: ${TOO_MANY} of its last ${LOOKED_AT} answers were`;
  }

  /** Tells how an answer came. Returns true when it is paused from now on. */
  heard(late: boolean): boolean {
    if (this.now() < this.until) return false;
    this.late = [...this.late, late].slice(-LOOKED_AT);
    if (this.late.length === LOOKED_AT && !this.late.includes(true)) this.next = FIRST_PAUSE_MS;
    if (this.late.filter(Boolean).length < TOO_MANY) return false;
    this.until = this.now() + this.next;
    this.next = Math.min(LONGEST_PAUSE_MS, this.next * 2);
    this.late = [];
    return true;
  }
}

// Preloaded into a process (`node --import`): its time of day is off by $CHAOS_SKEW_MS from the first moment, its monotonic clock is not.
const byMs = Number(process.env.CHAOS_SKEW_MS ?? 0);
const RealDate = Date;

globalThis.Date = class extends RealDate {
  constructor(...given: [] | [number | string]) {
    super(given.length === 0 ? RealDate.now() + byMs : given[0]);
  }
  static override now(): number {
    return RealDate.now() + byMs;
  }
} as DateConstructor;

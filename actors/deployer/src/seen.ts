// Which messages have been counted: everything up to a floor, and some above it. Pure.
/** Plain data, kept beside the state it protects. */
export interface Seen {
  /** All sequences up to here are acknowledged. */
  readonly floor: number;
  /** Counted ones above it, ascending. */
  readonly above: readonly number[];
}

export function isSeen(seen: Seen | undefined, sequence: number): boolean {
  if (!seen) return false;
  return sequence <= seen.floor || seen.above.includes(sequence);
}

/** `floor`: what the server says is acknowledged by now; it never goes back. */
export function markSeen(seen: Seen | undefined, sequence: number, floor: number): Seen {
  const next = Math.max(seen?.floor ?? 0, floor);
  const above = [...(seen?.above ?? []), sequence].filter((s) => s > next).sort((a, b) => a - b);
  return { floor: next, above };
}

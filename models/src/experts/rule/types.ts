// What the rule expert knows of a master, and how it counts what it sees.

/** A master as registered. Everything but the name may be missing. */
export interface RuleMaster {
  name: string;
  description?: string;
  /** Tasks it is right for. */
  examples?: readonly string[];
  /** Words or phrases that point to it; endings and upper case do not matter. */
  keywords?: readonly string[];
  /** Regular expressions in RE2 syntax, case-insensitive (`(?-i)` switches that off). */
  patterns?: readonly string[];
  /** Further names. */
  aliases?: readonly string[];
}

/** Something in a task that speaks for a master. */
export interface Finding {
  /** Index of the master. */
  master: number;
  /** Log-odds that it speaks with. */
  weight: number;
  /** For people. */
  sentence: string;
}

/**
 * How much each kind of finding speaks for its master: natural log-odds of being right against all else.
 * Order of magnitude matters, not the decimals: a person's word before a person's rule before statistics.
 */
export const WEIGHTS = {
  /** "@security", "assign this to security", a label whose value is the master. */
  addressed: 7,
  /** "the security team", "security: …" at the start. */
  named: 4.5,
  /** A name of several words occurs. */
  mentioned: 2,
  /** A name of one word occurs: often an ordinary word ("access", "development"). */
  wordMentioned: 1,
  /** The first matching pattern of a master; each further one adds half of the one before. */
  pattern: 4.5,
  /** The first keyword of a master; each further one adds half of the one before. */
  keyword: 3,
  /** All that was found together, where nobody is addressed: words that point somewhere are never as sure as being told. */
  most: 5.5,
} as const;

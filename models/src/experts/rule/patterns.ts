// The regular expressions of masters, all in one automaton.
// The one thing to know: RE2 matches in linear time whatever a user writes, so no pattern can hang a coordinator.
import { RE2JS, RE2JSException, RE2Set } from 're2js';
import { type Finding, type RuleMaster, WEIGHTS } from './types.js';

/** Characters of a task that patterns see: all that a task may have, with its title. */
const MAX_CHARACTERS = 65_536;
/** Characters searched for the words to show to people; finding where is slower than finding whether. */
const SHOWN_CHARACTERS = 4096;

/** A pattern that cannot be used, and why. The master's other rules hold. */
export interface PatternProblem {
  master: string;
  pattern: string;
  reason: string;
}

/** Why a pattern cannot be used, in RE2's words; undefined when it can. */
export function patternProblem(pattern: string): string | undefined {
  try {
    RE2JS.compile(pattern, RE2JS.CASE_INSENSITIVE);
    return undefined;
  } catch (error) {
    if (error instanceof RE2JSException) return error.message;
    throw error;
  }
}

export class MasterPatterns {
  readonly problems: PatternProblem[] = [];
  private readonly known: { master: number; pattern: string; compiled: RE2JS }[] = [];
  private readonly all = new RE2Set(RE2Set.UNANCHORED, RE2JS.CASE_INSENSITIVE);

  constructor(masters: readonly RuleMaster[]) {
    masters.forEach(({ name, patterns = [] }, master) => {
      for (const pattern of new Set(patterns)) {
        const reason = patternProblem(pattern);
        if (reason !== undefined) {
          this.problems.push({ master: name, pattern, reason });
          continue;
        }
        this.known.push({ master, pattern, compiled: RE2JS.compile(pattern, RE2JS.CASE_INSENSITIVE) });
        this.all.add(pattern);
      }
    });
    if (this.known.length > 0) this.all.compile();
  }

  find(text: string): Finding[] {
    if (this.known.length === 0) return [];
    const seen = text.slice(0, MAX_CHARACTERS);
    const perMaster = new Map<number, number>();
    const findings: Finding[] = [];
    for (const index of this.all.match(seen)) {
      const rule = this.known[index];
      if (!rule) continue;
      const earlier = perMaster.get(rule.master) ?? 0;
      perMaster.set(rule.master, earlier + 1);
      const what = matchedText(rule.compiled, seen.slice(0, SHOWN_CHARACTERS));
      findings.push({
        master: rule.master,
        weight: WEIGHTS.pattern / 2 ** earlier,
        sentence: `${what === undefined ? 'the text' : `"${what}"`} matches the pattern ${rule.pattern}`,
      });
    }
    return findings;
  }
}

function matchedText(pattern: RE2JS, text: string): string | undefined {
  const matcher = pattern.matcher(text);
  const found = matcher.find() ? matcher.group() : null;
  if (!found) return undefined;
  return found.length > 60 ? `${found.slice(0, 57)}…` : found;
}

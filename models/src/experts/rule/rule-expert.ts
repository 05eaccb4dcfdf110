// The rules: what a task says outright (names, users' keywords and patterns) and which words are typical of whom.
// The one thing to know: pure and synchronous, no model, no encoder; the coordinator falls back on it when nobody else answers.
import { stem, words } from '../../text/index.js';
import type { Expert, RouteQuery, Vote } from '../expert.js';
import { type Belief, DEFAULT_BELIEF, fitBelief, type HeldOut } from './calibrate.js';
import { MasterNames } from './names.js';
import { MasterPatterns, type PatternProblem } from './patterns.js';
import { type Finding, type RuleMaster, WEIGHTS } from './types.js';
import { exampleStems, MasterWords } from './vocabulary.js';

/** One in so many examples is held out to learn how far words are to be believed. */
const HOLD_OUT_EVERY = 5;
/** More held-out examples than this only cost time; with many masters each costs more, and fewer are taken. */
const MAX_HELD_OUT = 600;
const MIN_HELD_OUT = 100;
const HELD_OUT_TIMES_MASTERS = 40_000;
const MAX_EVIDENCE = 5;

export interface RuleExpert extends Expert {
  readonly name: 'rule';
  vote(queries: readonly RouteQuery[]): Vote[];
  /** Patterns that cannot be used, and why. The rest works. */
  readonly problems: readonly PatternProblem[];
}

/** Builds the rules of up to 1,000 masters. Costs about 15 µs an example; a vote costs microseconds a word. */
export function createRuleExpert(masters: readonly RuleMaster[]): RuleExpert {
  const names = new MasterNames(masters);
  const patterns = new MasterPatterns(masters);
  // The words are learnt twice, from all examples and from those not held out: splitting them once is enough.
  const split = new Map<string, string[]>();
  const stemsOf = (example: string): string[] => {
    const known = split.get(example) ?? exampleStems(example);
    split.set(example, known);
    return known;
  };
  const vocabulary = new MasterWords(masters, stemsOf);
  const belief = learnBelief(masters, names, stemsOf);
  split.clear();
  const voteOne = (query: RouteQuery): Vote => {
    const started = performance.now();
    const text = query.title ? `${query.title}\n${query.text}` : query.text;
    const raw = words(text);
    const stems = raw.map(stem);
    const named = names.find(query, text, stems).map((one) => believed(one, belief));
    const findings = [
      ...named.filter(({ weight }) => weight > 0),
      ...patterns.find(text),
      ...vocabulary.findKeywords(stems),
    ];
    for (const { master, score, positions } of vocabulary.scoreTypical(stems)) {
      const list = positions.map((at) => `"${raw[at]}"`).join(', ');
      findings.push({ master, weight: score * belief.scale, sentence: `uses ${list}, typical of it` });
    }
    return toVote(masters, findings, belief, started);
  };
  return { name: 'rule', needsEmbedding: false, problems: patterns.problems, vote: (queries) => queries.map(voteOne) };
}

/** Whoever is addressed is addressed; a name that merely occurs counts as much as it proved right in examples. */
function believed(finding: Finding, belief: Belief): Finding {
  return finding.weight >= WEIGHTS.addressed ? finding : { ...finding, weight: finding.weight * belief.names };
}

function toVote(masters: readonly RuleMaster[], findings: Finding[], belief: Belief, started: number): Vote {
  const latency = () => performance.now() - started;
  if (findings.length === 0) return { probabilities: {}, abstained: true, latency_ms: latency(), evidence: [] };
  const scores = new Map<number, number>();
  for (const { master, weight } of findings) scores.set(master, (scores.get(master) ?? 0) + weight);
  const addressed = new Set(findings.filter(({ weight }) => weight >= WEIGHTS.addressed).map(({ master }) => master));
  for (const [master, score] of scores) if (!addressed.has(master)) scores.set(master, Math.min(score, WEIGHTS.most));
  const highest = Math.max(...scores.values());
  let total = belief.elsewhere * Math.exp(-highest);
  for (const score of scores.values()) total += Math.exp(score - highest);
  // What speaks for nobody in particular is shared by all, so that no master is impossible.
  const share = (belief.elsewhere * Math.exp(-highest)) / total / masters.length;
  const probabilities = Object.fromEntries(
    masters.map(({ name }, master) => {
      const score = scores.get(master);
      return [name, score === undefined ? share : share + Math.exp(score - highest) / total];
    }),
  );
  return { probabilities, abstained: false, latency_ms: latency(), evidence: tell(masters, findings, scores) };
}

/** Sentences about the two masters most is said for, the weightiest first. */
function tell(masters: readonly RuleMaster[], findings: Finding[], scores: ReadonlyMap<number, number>): string[] {
  const leading = [...scores].sort((a, b) => b[1] - a[1]).slice(0, 2);
  return leading
    .flatMap(([leader]) => findings.filter(({ master }) => master === leader).sort((a, b) => b.weight - a.weight))
    .slice(0, MAX_EVIDENCE)
    .map(({ master, sentence }) => `${masters[master]?.name}: ${sentence}`);
}

function learnBelief(
  masters: readonly RuleMaster[],
  names: MasterNames,
  stemsOf: (example: string) => string[],
): Belief {
  const heldOut: { text: string; right: number }[] = [];
  const reduced = masters.map((master, right) => {
    const kept = (master.examples ?? []).filter((text, at) => {
      // Scattered (Fibonacci hashing), because examples may come in a rhythm of their own.
      if ((Math.imul(at + 1, 0x9e3779b1) >>> 16) % HOLD_OUT_EVERY !== 0) return true;
      heldOut.push({ text, right });
      return false;
    });
    return { ...master, examples: kept };
  });
  const most = Math.max(MIN_HELD_OUT, Math.min(MAX_HELD_OUT, HELD_OUT_TIMES_MASTERS / masters.length));
  const step = Math.max(1, Math.ceil(heldOut.length / most));
  const sample = heldOut.filter((_, at) => at % step === 0);
  if (sample.length === 0) return DEFAULT_BELIEF;
  const vocabulary = new MasterWords(reduced, stemsOf);
  const scored = sample.map(({ text, right }): HeldOut => {
    const stems = stemsOf(text);
    const scores = new Map(vocabulary.scoreTypical(stems).map((one) => [one.master, { ...one, named: 0 }]));
    for (const { master, weight } of names.find({ text }, text, stems)) {
      if (weight >= WEIGHTS.addressed) continue;
      scores.set(master, { master, positions: [], score: scores.get(master)?.score ?? 0, named: weight });
    }
    return { scores: [...scores.values()], right };
  });
  return fitBelief(scored, masters.length);
}

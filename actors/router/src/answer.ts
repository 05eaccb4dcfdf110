// From what the experts think to the answer of an ask: only masters that may be chosen now, odds that sum to one over
// them, and sentences a person understands. Pure.
import type { RouteAnswer } from '@cortex/schemas';
import type { Eligible } from './eligible.js';
import type { Opinion, Voiced } from './panel.js';

/** Where the cascade ended. */
export type Exit = 'rule' | 'words' | 'encoder' | 'deadline' | 'no-encoder' | 'cache';

export interface Circumstances {
  readonly exit: Exit;
  readonly models: Record<string, string>;
  /** Why the encoder was not heard, where it was not. */
  readonly reason?: string;
}

/** Masters listed in one vote: a thousand masters would make every decision half a megabyte. */
const LISTED = 20;

/** The answer to one ask. Latencies stay those of the experts. */
export function answerOf(opinion: Opinion, eligible: Eligible, circumstances: Circumstances): RouteAnswer {
  const { odds, mass } = restrict(opinion.probabilities, eligible);
  const ranked = Object.entries(odds).sort((a, b) => b[1] - a[1]);
  const best = ranked[0];
  // What masters would have had that are out now says that this task may not be for those who are left.
  const scope = best === undefined ? 0 : clamp(opinion.scope * mass);
  const abstain = best === undefined || opinion.abstain || mass < 0.5;
  const experts = opinion.experts.map((voice) => expertVote(voice, eligible));
  const candidates = opinion.candidates.filter((name) => eligible.names.has(name));
  return {
    probabilities: listed(ranked),
    confidence: round(best?.[1] ?? 0),
    candidates: candidates.length > 0 ? candidates : best ? [best[0]] : [],
    scope: round(scope),
    abstain,
    experts,
    exit: circumstances.exit,
    models: circumstances.models,
    explanation: explain(ranked, { mass, scope, abstain, eligible, told: opinion.explanation }, experts, circumstances),
  };
}

/** The same answer given again from memory: no expert spent time on it. */
export function recalled(answer: RouteAnswer): RouteAnswer {
  return {
    ...answer,
    exit: 'cache',
    experts: answer.experts.map((vote) => ({ ...vote, latency_ms: 0 })),
    explanation: [...answer.explanation, 'The same text was decided before with the same models and masters.'],
  };
}

/** Odds over the masters that may be chosen, and the share of the whole they had. */
function restrict(probabilities: Readonly<Record<string, number>>, eligible: Eligible) {
  let mass = 0;
  const kept: [string, number][] = [];
  for (const [name, p] of Object.entries(probabilities)) {
    if (!eligible.names.has(name) || !(p > 0)) continue;
    mass += p;
    kept.push([name, p]);
  }
  return { odds: Object.fromEntries(kept.map(([name, p]) => [name, p / mass])), mass: Math.min(1, mass) };
}

function expertVote(voice: Voiced, eligible: Eligible): RouteAnswer['experts'][number] {
  const { odds, mass } = restrict(voice.probabilities, eligible);
  const abstained = voice.abstained || mass === 0;
  const { evidence = [] } = voice;
  return {
    name: voice.name,
    probabilities: abstained ? {} : listed(Object.entries(odds).sort((a, b) => b[1] - a[1])),
    latency_ms: round(voice.latency_ms),
    abstained,
    weight: round(voice.weight),
    ...(evidence.length > 0 ? { evidence: [...evidence] } : {}),
  };
}

interface Summary {
  mass: number;
  scope: number;
  abstain: boolean;
  eligible: Eligible;
  /** What the model says itself. */
  told: readonly string[];
}

function explain(
  ranked: readonly [string, number][],
  { mass, scope, abstain, eligible, told }: Summary,
  experts: RouteAnswer['experts'],
  { exit, reason }: Circumstances,
): string[] {
  const lines: string[] = [];
  const [best, next] = ranked;
  if (eligible.names.size === 0)
    lines.push('No master may be chosen: none of those asked for is registered and active.');
  else if (!best) lines.push('No expert has anything to say about this text.');
  else lines.push(`${best[0]} fits best: ${percent(best[1])}${next ? `, then ${next[0]}: ${percent(next[1])}` : ''}.`);
  const outside = (line: string) => {
    const other = /would rather choose (.+)$/.exec(line)?.[1];
    return other !== undefined && !eligible.names.has(other);
  };
  lines.push(...(told.length > 0 ? told.filter((line) => !outside(line)) : whatVotesSay(experts)));
  if (best && mass < 0.995) lines.push(`Masters that may not be chosen now would have had ${percent(1 - mass)}.`);
  if (best && abstain && told.length === 0)
    lines.push(`Not sure enough (some master fits: ${percent(scope)}): a person should look at it.`);
  const endings: Record<Exit, string | undefined> = {
    rule: 'A person has said who is to do it, nobody else was needed.',
    words: 'Rules and words were sure enough, the encoder was not needed.',
    encoder: undefined,
    deadline: `The deadline came before the encoder${reason ? ` (${reason})` : ''}: rules and words alone say this.`,
    'no-encoder': `The encoder was not heard${reason ? ` (${reason})` : ''}: rules and words alone say this.`,
    cache: undefined,
  };
  const ending = endings[exit];
  if (ending) lines.push(ending);
  return lines;
}

function whatVotesSay(experts: RouteAnswer['experts']): string[] {
  return experts.flatMap((vote) => {
    const top = Object.entries(vote.probabilities)[0];
    if (vote.abstained || !top) return [];
    const why = vote.evidence?.slice(0, 2).join('; ');
    return [`${vote.name} says ${top[0]} (${percent(top[1])})${why ? `: ${why}` : ''}`];
  });
}

function listed(ranked: readonly [string, number][]): Record<string, number> {
  return Object.fromEntries(ranked.slice(0, LISTED).map(([name, p]) => [name, round(p)]));
}

const percent = (p: number) => `${p >= 0.0995 ? Math.round(p * 100) : (p * 100).toFixed(1)} %`;
const round = (p: number) => Math.round(p * 1e5) / 1e5;
const clamp = (p: number) => Math.min(1, Math.max(0, p));

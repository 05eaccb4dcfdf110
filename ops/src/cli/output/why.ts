// A decision explained: why this master, how sure, who said what, what would have had to be different.
import type { Decision, ExpertVote } from '@cortex/schemas';
import type { Colours } from './colours.js';
import { duration, moment } from './moments.js';
import { percent, shorten } from './words.js';

const METHODS: Readonly<Record<Decision['method'], string>> = {
  ensemble: 'the experts together decided',
  rule: 'a rule decided',
  fallback: 'nobody answered in time, so the coordinator fell back to its own rules',
  pinned: 'whoever submitted it pinned it to this master',
  explore: 'drawn on purpose among good candidates, to learn from the outcome',
  human: 'a person decided',
};

/** Masters by probability, best first. */
export function ranked(probabilities: Readonly<Record<string, number>>): [string, number][] {
  return Object.entries(probabilities).sort(([a, p], [b, q]) => q - p || (a < b ? -1 : 1));
}

/** What would have had to be different, one sentence each; empty when nothing was close. */
export function whatIf(decision: Decision): string[] {
  const sentences: string[] = [];
  const order = ranked(decision.probabilities);
  const mine = decision.probabilities[decision.master] ?? decision.confidence;
  const runnerUp = order.find(([master]) => master !== decision.master);
  if (runnerUp && runnerUp[1] > 0) {
    const [master, share] = runnerUp;
    const gap = mine - share;
    if (gap < 0) sentences.push(`By probability alone it would have been ${master} (${percent(share)}).`);
    else if (gap < 0.2) sentences.push(`It was close: ${master} was ${points(gap)} behind.`);
    else if (gap < 0.5) sentences.push(`Next in line: ${master}, ${points(gap)} behind.`);
  }
  const by = new Map<string, string[]>();
  for (const expert of decision.experts.filter((e) => !e.abstained)) {
    const [best] = ranked(expert.probabilities);
    if (best && best[0] !== decision.master) by.set(best[0], [...(by.get(best[0]) ?? []), expert.name]);
  }
  for (const [master, experts] of by)
    sentences.push(`Had only ${listed(experts)} been asked, it would have been ${master}.`);
  return sentences;
}

function headline(decision: Decision, c: Colours): string {
  const task = c.bold(shorten(decision.task, 120));
  // A system that fits nobody gives it to the coordinator; how sure it is of that says nothing.
  if (decision.review) return `${task} waits with ${c.bold(decision.master)}: a person is asked`;
  const sure =
    decision.method === 'pinned' || decision.method === 'human' ? '' : `, ${percent(decision.confidence)} sure`;
  return `${task} went to ${c.bold(decision.master)}${sure}`;
}

function points(gap: number): string {
  const value = gap * 100;
  return value < 1 ? 'less than a point' : `${Math.round(value)} point${Math.round(value) === 1 ? '' : 's'}`;
}

const listed = (names: readonly string[]) =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;

/** The screen of `cortex explain`. */
export function whyText(decision: Decision, text: string | undefined, c: Colours): string {
  const lines = [
    headline(decision, c),
    ...(text === undefined ? [] : [c.dim(`  ${shorten(text, 200)}`)]),
    '',
    `Why: ${METHODS[decision.method]}.`,
    ...decision.explanation.map((line) => `  ${shorten(line, 400)}`),
  ];
  if (decision.review)
    lines.push(c.yellow(`  Too unsure to decide alone: a person is asked (review ${decision.review}).`));
  const order = ranked(decision.probabilities).filter(([, share]) => share > 0);
  if (order.length > 0) {
    lines.push('', 'How likely each master was:');
    const widest = Math.max(...order.slice(0, 8).map(([master]) => [...master].length));
    for (const [master, share] of order.slice(0, 8)) {
      const bar = '█'.repeat(Math.max(share > 0.02 ? 1 : 0, Math.round(share * 24)));
      const name = master + ' '.repeat(widest - [...master].length);
      lines.push(
        `  ${master === decision.master ? c.bold(name) : name}  ${percent(share).padStart(6)}  ${c.cyan(bar)}`,
      );
    }
    if (order.length > 8) lines.push(c.dim(`  and ${order.length - 8} more`));
  }
  if (decision.candidates.length > 0)
    lines.push('', `Candidates (the right one is among them nine times in ten): ${decision.candidates.join(', ')}`);
  if (decision.experts.length > 0) {
    lines.push('', 'Who said what:');
    // What the explanation says already is not said twice.
    for (const expert of decision.experts) lines.push(...vote(expert, new Set(decision.explanation), c));
  }
  const ifs = whatIf(decision);
  if (ifs.length > 0) lines.push('', 'What if:', ...ifs.map((sentence) => `  ${sentence}`));
  lines.push('', ...facts(decision, c));
  return lines.join('\n');
}

function vote(expert: ExpertVote, said: ReadonlySet<string>, c: Colours): string[] {
  const [best, second] = ranked(expert.probabilities);
  const words =
    expert.abstained || !best
      ? c.dim(expert.latency_ms === 0 ? 'was not heard' : 'had nothing to say')
      : `${best[0]} ${percent(best[1])}${second && second[1] >= 0.05 ? `, ${second[0]} ${percent(second[1])}` : ''}`;
  const weight = expert.weight === undefined ? '' : `, weight ${expert.weight.toFixed(2)}`;
  return [
    `  ${expert.name.padEnd(10)} ${words}${expert.abstained && expert.latency_ms === 0 ? '' : c.dim(` (${duration(expert.latency_ms)}${weight})`)}`,
    ...(expert.evidence ?? [])
      .filter((line) => !said.has(line))
      .slice(0, 4)
      .map((line) => c.dim(`             ${shorten(line, 160)}`)),
  ];
}

function facts(decision: Decision, c: Colours): string[] {
  const { prediction } = decision;
  const row = (label: string, value: string) => `${c.dim(label.padEnd(11))} ${value}`;
  const rows = [row('decided', `${moment(decision.decided_at)}, ${duration(decision.latency_ms)} after receipt`)];
  if (prediction) {
    const parts = [
      prediction.success === undefined || prediction.success === null
        ? ''
        : `${percent(prediction.success)} to succeed`,
      prediction.minutes ? `${prediction.minutes.p50}–${prediction.minutes.p90} min` : '',
      prediction.tokens ? `${prediction.tokens.p50}–${prediction.tokens.p90} tokens` : '',
    ].filter((part) => part !== '');
    if (parts.length > 0) rows.push(row('expected', parts.join(', ')));
  }
  const models = Object.entries(decision.models).map(([family, version]) =>
    version.startsWith(family) ? version : `${family} ${version}`,
  );
  if (models.length > 0) rows.push(row('models', `${models.join(', ')} (${decision.arm})`));
  if (decision.propensity < 1) rows.push(row('drawn with', percent(decision.propensity)));
  if (decision.trace_id) rows.push(row('trace', decision.trace_id));
  return rows;
}

// Each trial of a prompt as one column of an SVG: success of both versions so far with intervals that hold at every moment, and below it the evidence
// until it decides. Drawn from the registry's own record, judged outcome by outcome as the workers judge it.
import { type Judgement, judgePrompt } from '@cortex/models';
import type { PromptHead, PromptTrial } from '@cortex/schemas';

const WIDTH = 960;
const HEIGHT = 420;
const GAP = 70;
const RATES = { top: 74, height: 180 };
const EVIDENCE = { top: 290, height: 84 };
const COLOURS = {
  production: '#1f77b4',
  candidate: '#ff7f0e',
  better: '#2ca02c',
  worse: '#d62728',
};
const SIDES = ['production', 'candidate'] as const;

export interface DrawnTrial {
  candidate: number;
  production: number;
  /** `promoted`, `rolled-back`, `withdrawn`. */
  ended: string;
  /** What was known after each outcome. */
  steps: Judgement[];
}

/** Every trial of the prompt that came to an end, oldest first. */
export function trialsOf(head: PromptHead, { outcomes }: PromptTrial): DrawnTrial[] {
  const trials: DrawnTrial[] = [];
  let production = 1;
  let begun: { version: number; at: string } | undefined;
  for (const { event, version, at } of head.history) {
    if (event === 'candidate') begun = { version, at };
    else if (begun && ['promoted', 'rolled-back', 'withdrawn'].includes(event)) {
      const [from, to] = [Date.parse(begun.at), Date.parse(at)];
      const during = outcomes.filter((one) => Date.parse(one.at) >= from && Date.parse(one.at) <= to);
      const versions = { production, candidate: begun.version };
      const steps = during.map((_, i) => judgePrompt(during.slice(0, i + 1), versions));
      trials.push({ ...versions, ended: event, steps });
      begun = undefined;
    }
    if (event === 'promoted' || event === 'production') production = version;
  }
  return trials;
}

export function trialPicture(prompt: string, trials: readonly DrawnTrial[]): string {
  const width = (WIDTH - GAP * (trials.length + 0.3)) / trials.length;
  const parts = trials.map((trial, i) => column(prompt, trial, GAP + i * (width + GAP), width));
  const legend = [
    [COLOURS.production, 'serves: share of successes, 95 %'],
    [COLOURS.candidate, 'candidate'],
    [COLOURS.better, 'evidence that it is better'],
    [COLOURS.worse, 'evidence that it is worse'],
  ] as const;
  legend.forEach(([colour, words], i) => {
    parts.push(`<rect x="${GAP + i * 215}" y="${HEIGHT - 20}" width="12" height="12" fill="${colour}"/>`);
    parts.push(text(GAP + i * 215 + 18, HEIGHT - 10, words));
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="11" fill="#333333" role="img" aria-label="Trials of the prompt ${xml(prompt)}"><title>Trials of the prompt ${xml(prompt)}</title><rect width="100%" height="100%" fill="#ffffff"/>${parts.join('')}</svg>\n`;
}

function column(prompt: string, trial: DrawnTrial, left: number, width: number): string {
  const { steps } = trial;
  const last = steps.at(-1);
  const parts: string[] = [];
  const x = (task: number) => left + (width * task) / Math.max(1, steps.length);
  const rate = (value: number) => RATES.top + RATES.height * (1 - value);
  const needed = last?.needed ?? 3;
  const top = Math.max(needed * 1.25, ...steps.map(({ better, worse }) => Math.max(better, worse)));
  const evidence = (value: number) => EVIDENCE.top + EVIDENCE.height * (1 - Math.max(0, value) / top);
  const line = (points: string[], colour: string) =>
    parts.push(`<polyline points="${points.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`);
  const across = (y: number, more = '') =>
    parts.push(`<line x1="${n(left)}" x2="${n(left + width)}" y1="${n(y)}" y2="${n(y)}" stroke="#dddddd" ${more}/>`);
  parts.push(
    text(
      left,
      26,
      `${prompt}@${trial.candidate} against ${prompt}@${trial.production}: ${trial.ended}`,
      'font-size="15"',
    ),
  );
  if (last) {
    const said = SIDES.map((side) => `@${last[side].version} ${last[side].succeeded} of ${last[side].tasks}`);
    parts.push(text(left, 46, `after ${steps.length} outcomes: ${said.join(', ')}`));
  }
  for (const tick of [0, 0.25, 0.5, 0.75, 1]) {
    across(rate(tick));
    parts.push(text(left - 6, rate(tick) + 4, `${100 * tick} %`, 'text-anchor="end"'));
  }
  for (const side of SIDES) {
    const known = steps.flatMap((step, i) => (step[side].rate === null ? [] : [{ at: i + 1, ...step[side] }]));
    const band = [
      ...known.map(({ at, high }) => `${n(x(at))},${n(rate(high))}`),
      ...[...known].reverse().map(({ at, low }) => `${n(x(at))},${n(rate(low))}`),
    ];
    parts.push(`<polygon points="${band.join(' ')}" fill="${COLOURS[side]}" opacity="0.15"/>`);
    line(
      known.map(({ at, rate: value }) => `${n(x(at))},${n(rate(value ?? 0))}`),
      COLOURS[side],
    );
  }
  across(evidence(0));
  across(evidence(needed), 'stroke-dasharray="6 4" style="stroke:#333333"');
  parts.push(text(left - 6, evidence(0) + 4, '0', 'text-anchor="end"'));
  parts.push(text(left - 6, evidence(needed) + 4, `decides ${needed.toFixed(1)}`, 'text-anchor="end" font-size="9"'));
  for (const side of ['better', 'worse'] as const)
    line(
      steps.map((step, i) => `${n(x(i + 1))},${n(evidence(step[side]))}`),
      COLOURS[side],
    );
  for (let task = 0; task <= steps.length; task += 20)
    parts.push(text(x(task), EVIDENCE.top + EVIDENCE.height + 16, String(task), 'text-anchor="middle"'));
  return parts.join('');
}

const n = (value: number): string => value.toFixed(1);
const text = (x: number, y: number, words: string, more = ''): string =>
  `<text x="${n(x)}" y="${n(y)}" ${more}>${xml(words)}</text>`;

function xml(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

// The router that evaluation and the live system share: words first, then everything; odds, candidates, abstention and the reasons.
// The one thing to know: it has no state that a question changes; adding or removing masters gives a new router that shares the voices.
import { largest, softmaxInPlace } from '../calibration/index.js';
import type { Encoder } from '../encoder/index.js';
import type { RouteQuery } from '../experts/expert.js';
import { compose, namedOdds, type Verdict } from './compose.js';
import { describeMasters, ProfileScorer, type Profiles } from './profiles.js';
import { judge, type StageFit } from './stage.js';
import type { RouterState } from './state.js';
import type { MasterProfile, RouteOptions, RouteResult, Stage } from './types.js';
import type { Asked, Scores, Voice } from './voice.js';

/** A verdict in the making, one a query. */
interface Open {
  asked: Asked;
  stage: Stage;
  odds: Float64Array;
  scope: number;
  scores: (Float32Array | undefined)[];
  times: number[];
  note?: string;
}

export class RouterModel {
  readonly #scorer: ProfileScorer;
  readonly #newcomers: number[];

  private constructor(
    readonly state: RouterState,
    readonly voices: readonly Voice[],
    readonly profiles: Profiles,
    readonly encoder: Encoder | undefined,
  ) {
    this.#scorer = new ProfileScorer(profiles);
    const trained = new Set(state.labels);
    this.#newcomers = profiles.names.flatMap((name, m) => (trained.has(name) ? [] : [m]));
  }

  /** For training and loading; others get a router from `trainRouter` or `loadRouter`. */
  static assemble(state: RouterState, voices: readonly Voice[], profiles: Profiles, encoder?: Encoder): RouterModel {
    return new RouterModel(state, voices, profiles, encoder);
  }

  /** Names of all masters that can be chosen, trained ones first. */
  get masters(): string[] {
    return [...this.state.labels, ...this.#newcomers.map((m) => this.profiles.names[m]!)];
  }

  /**
   * The same router with another list of masters: one without rows is found by its description at once, one left out is never chosen again.
   */
  async withMasters(masters: readonly MasterProfile[]): Promise<RouterModel> {
    const { encoder } = this;
    const profiles = await describeMasters(masters, encoder && ((texts) => encoder.encode(texts)));
    return new RouterModel({ ...this.state, masters: [...masters] }, this.voices, profiles, encoder);
  }

  /** One result a query, in the order given. Never throws for a late or broken encoder: then the words decide, and the result says so. */
  async route(queries: readonly RouteQuery[], options: RouteOptions = {}): Promise<RouteResult[]> {
    const started = performance.now();
    const open: Open[] = queries.map((query) => ({
      asked: { text: textOf(query), vector: query.embedding },
      stage: 'words',
      odds: new Float64Array(this.state.labels.length),
      scope: 0,
      scores: [],
      times: [],
    }));
    const { words, full, exit } = this.state;
    await this.#ask(open, words, 'words');
    const early = (one: Open) =>
      (options.useCascade ?? true) && exit !== null && one.odds[largest(one.odds)]! * one.scope >= exit.threshold;
    const late = full || !this.state.labels.length ? open.filter((one) => !early(one)) : [];
    const encoding = late.length ? await this.#embed(late, options.deadline) : 0;
    if (full) {
      const ready = late.filter(({ asked }) => asked.vector);
      if (ready.length) await this.#ask(ready, full, 'full');
    }
    const took = (performance.now() - started - encoding) / Math.max(1, open.length);
    return open.map((one) => this.#result(one, took + (late.includes(one) ? encoding / late.length : 0), options));
  }

  /** Lets the stage's voices speak (those that have not yet) and joins their scores to odds. */
  async #ask(open: Open[], fit: StageFit, stage: Stage): Promise<void> {
    const labels = this.state.labels.length;
    if (!labels || !open.length) return;
    const asked = open.map((one) => one.asked);
    const voices: (Scores | undefined)[] = [];
    for (const v of fit.voices) {
      if (fit.weights[fit.voices.indexOf(v)] === 0 && !fit.scope.logistic.features.length) continue;
      const began = performance.now();
      const scored = await this.voices[v]!.score(asked);
      const each = (performance.now() - began) / open.length;
      voices[v] = scored;
      open.forEach((one, r) => {
        one.scores[v] = scored.scores.subarray(r * labels, (r + 1) * labels);
        one.times[v] = (one.times[v] ?? 0) + each;
      });
    }
    const signals = this.state.voices.map((voice) => voice.signals);
    const rows = open.map((_, r) => r);
    const judged = judge(fit, { voices, signals }, labels, rows);
    open.forEach((one, r) => {
      one.stage = stage;
      one.odds = judged.odds.subarray(r * labels, (r + 1) * labels);
      one.scope = judged.scope[r]!;
    });
  }

  /** Vectors for those without one, all at once; returns the milliseconds it took. */
  async #embed(open: Open[], deadline: number | undefined): Promise<number> {
    const missing = open.filter(({ asked }) => !asked.vector);
    if (!missing.length || !this.encoder) return 0;
    const began = performance.now();
    const left = deadline === undefined ? undefined : deadline - Date.now();
    let note = 'there was no time left for the encoder: the words decided';
    if (left === undefined || left > 0) {
      try {
        const signal = left === undefined ? undefined : AbortSignal.timeout(left);
        const vectors = await this.encoder.encode(
          missing.map(({ asked }) => asked.text),
          { signal },
        );
        missing.forEach((one, i) => {
          one.asked.vector = vectors[i];
        });
        return performance.now() - began;
      } catch (error) {
        note = `the encoder did not answer (${error instanceof Error ? error.message : String(error)}): the words decided`;
      }
    }
    for (const one of missing) one.note = note;
    return performance.now() - began;
  }

  #result(one: Open, latency: number, options: RouteOptions): RouteResult {
    const newcomers = this.#newcomers.length ? this.#scorer.closeness(one.asked) : undefined;
    const verdict: Verdict = {
      stage: one.stage,
      odds: one.odds,
      scope: one.scope,
      newcomers: this.#newcomers.map((m) => ({ name: this.profiles.names[m]!, closeness: newcomers![m]! })),
    };
    const composed = compose(this.state, verdict, options);
    const fit = one.stage === 'full' ? this.state.full! : this.state.words;
    return {
      ...composed,
      experts: options.explain === false ? [] : this.#shares(one, fit),
      explanation: options.explain === false ? [] : this.#explain(one, composed),
      latency_ms: latency,
    };
  }

  #shares(one: Open, fit: StageFit) {
    const total = fit.weights.reduce((sum, weight) => sum + weight, 0) || 1;
    return this.state.voices.map(({ name, temperature }, v) => {
      const scores = one.scores[v];
      const odds = scores ? Float64Array.from(scores, (score) => score * temperature) : new Float64Array();
      if (scores) softmaxInPlace(odds);
      return {
        name,
        probabilities: scores ? namedOdds(this.state.labels, odds) : {},
        latency_ms: one.times[v] ?? 0,
        abstained: !scores,
        weight: scores ? (fit.weights[fit.voices.indexOf(v)] ?? 0) / total : 0,
      };
    });
  }

  #explain(one: Open, result: Omit<RouteResult, 'experts' | 'explanation' | 'latency_ms'>): string[] {
    const lines: string[] = [];
    const { exit, labels } = this.state;
    const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
    if (result.master !== null) lines.push(`${result.master} at ${percent(result.confidence)}, if any master fits`);
    if (result.abstain_reason === 'out-of-scope') {
      lines.push(`probably no master fits: the probability that one does is ${percent(result.scope)}`);
    } else if (result.abstain_reason === 'unsure') {
      lines.push(
        `not sure enough: ${percent(result.confidence * result.scope)} of being right, ${percent(result.threshold)} needed`,
      );
    }
    if (one.note) lines.push(one.note);
    else if (one.stage === 'words' && this.state.full) {
      lines.push(`the words alone were sure enough (from ${percent(exit?.threshold ?? 0)}), the encoder was not asked`);
    }
    const label = result.master === null ? -1 : labels.indexOf(result.master);
    if (label >= 0) {
      this.voices.forEach((voice, v) => {
        const scores = one.scores[v];
        if (!scores) return;
        const own = largest(scores);
        if (own === label) lines.push(...voice.because(one.asked, label).map((reason) => `${voice.name}: ${reason}`));
        else lines.push(`${voice.name} would rather choose ${labels[own]}`);
      });
    } else if (result.master !== null)
      lines.push(`${result.master} has no past tasks: chosen by what it says of itself`);
    return lines;
  }
}

/** Title and text as one, without saying the title twice. */
function textOf({ text, title }: RouteQuery): string {
  return title && !text.startsWith(title) ? `${title}\n${text}` : text;
}

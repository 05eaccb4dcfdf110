// The router that evaluation and the live system share: words first, then everything; odds, candidates, abstention and the reasons.
// The one thing to know: it has no state that a question changes; adding or removing masters gives a new router that shares the voices.
import { largest, softmaxInPlace } from '../calibration/index.js';
import type { Encoder } from '../encoder/index.js';
import type { RouteQuery, Vote } from '../experts/expert.js';
import type { RuleExpert } from '../experts/rule/index.js';
import type { Histories } from '../track-record/index.js';
import { type Composed, compose, namedOdds, type Verdict } from './compose.js';
import { leavesEarly } from './early-exit.js';
import { describeMasters, ProfileScorer, type Profiles, pickProfiles } from './profiles.js';
import { judge, type StageFit } from './stage.js';
import type { RouterState } from './state.js';
import type { ExpertShare, MasterProfile, RouteOptions, RouteResult, Stage } from './types.js';
import type { Asked, Scores, Voice } from './voice.js';
import { RetrievalVoice } from './voices/retrieval.js';
import { ADDRESSED, rulesOf } from './voices/rules.js';

/** A verdict in the making, one a query. */
interface Open {
  query: RouteQuery;
  asked: Asked;
  stage: Stage;
  odds: Float64Array;
  scope: number;
  /** The words were sure enough to decide. */
  sure: boolean;
  rule?: Vote;
  scores: (Float32Array | undefined)[];
  times: number[];
  note?: string;
}

export class RouterModel {
  readonly #scorer: ProfileScorer;
  readonly #newcomers: number[];
  readonly #rules: RuleExpert;

  private constructor(
    readonly state: RouterState,
    readonly voices: readonly Voice[],
    readonly profiles: Profiles,
    readonly encoder: Encoder | undefined,
  ) {
    this.#rules = rulesOf(state.masters);
    const trained = new Set(state.labels);
    this.#newcomers = profiles.names.flatMap((name, m) => (trained.has(name) ? [] : [m]));
    this.#scorer = new ProfileScorer(pickProfiles(profiles, this.#newcomers), true);
  }

  /** For training and loading; others get a router from `trainRouter` or `loadRouter`. */
  static assemble(state: RouterState, voices: readonly Voice[], profiles: Profiles, encoder?: Encoder): RouterModel {
    return new RouterModel(state, voices, profiles, encoder);
  }

  /** Names of all masters that can be chosen, trained ones first. */
  get masters(): string[] {
    const registered = new Set(this.state.masters.map(({ name }) => name));
    const newcomers = this.#newcomers.map((m) => this.profiles.names[m]!);
    return [...this.state.labels, ...newcomers].filter((name) => registered.has(name));
  }

  /**
   * The same router with another list of masters: one without rows is found by its description and examples at once, one left
   * out is never chosen again.
   */
  async withMasters(masters: readonly MasterProfile[]): Promise<RouterModel> {
    const { encoder, state } = this;
    const profiles = await describeMasters(
      masters,
      encoder && ((texts) => encoder.encode(texts)),
      new Set(state.labels),
    );
    return new RouterModel({ ...state, masters: [...masters] }, this.voices, profiles, encoder);
  }

  /** Whether what the masters did lately is part of its answers: the same question may be answered otherwise a minute later. */
  get readsHistories(): boolean {
    return this.voices.some((voice) => voice.readsHistories);
  }

  /** Where its voices learn what the masters did lately, from now on; by default they know nothing of it. */
  follow(histories: () => Histories): void {
    for (const voice of this.voices) if (voice.readsHistories) voice.follow?.(histories);
  }

  /** Some past tasks that the router could be asked about again. */
  probeTexts(most: number): string[] {
    const retrieval = this.voices.find((voice) => voice instanceof RetrievalVoice);
    const texts = retrieval?.texts ?? this.profiles.texts;
    const step = Math.max(1, Math.floor(texts.length / most));
    return texts.filter((_, i) => i % step === 0).slice(0, most);
  }

  /**
   * One result a query, in the order given.
   * Never throws for a late or broken encoder: then the words decide, and the result says so.
   */
  async route(queries: readonly RouteQuery[], options: RouteOptions = {}): Promise<RouteResult[]> {
    const started = performance.now();
    const open = queries.map(
      (query): Open => ({
        query,
        asked: { text: textOf(query), vector: query.embedding, history: query.history },
        stage: 'words',
        odds: new Float64Array(this.state.labels.length),
        scope: 0,
        sure: false,
        scores: [],
        times: [],
      }),
    );
    this.#askRules(open, options);
    const { words, full } = this.state;
    await this.#ask(open, words, 'words');
    const cascade = options.useCascade ?? true;
    const late = open.filter((one) => !(cascade && one.sure) && one.stage !== 'rule');
    const encoding = full || this.#newcomers.length ? await this.#embed(late, options.deadline) : 0;
    if (full)
      await this.#ask(
        late.filter(({ asked }) => asked.vector),
        full,
        'full',
      );
    const each = (performance.now() - started - encoding) / Math.max(1, open.length);
    const waited = new Map(late.map((one) => [one, encoding / late.length]));
    return open.map((one) => this.#result(one, each, waited.get(one) ?? 0, options));
  }

  /** Whoever addresses a master outright gets that master. */
  #askRules(open: readonly Open[], { masters }: RouteOptions): void {
    const votes = this.#rules.vote(open.map(({ query }) => query));
    const allowed = masters && new Set(masters);
    open.forEach((one, i) => {
      one.rule = votes[i]!;
      const [best] = Object.entries(one.rule.probabilities).sort((a, b) => b[1] - a[1]);
      if (best && best[1] >= ADDRESSED && (allowed?.has(best[0]) ?? true)) one.stage = 'rule';
    });
  }

  /** Lets the stage's voices speak (those that have not yet) and joins their scores to odds. */
  async #ask(open: Open[], fit: StageFit, stage: Stage): Promise<void> {
    const { exit } = this.state;
    const labels = this.state.labels.length;
    if (!labels || !open.length) return;
    const asked = open.map((one) => one.asked);
    const voices: (Scores | undefined)[] = [];
    for (const v of fit.voices) {
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
      if (one.stage !== 'rule') one.stage = stage;
      one.odds = judged.examples[r]!.odds;
      one.scope = judged.scope[r]!;
      if (stage === 'words' && exit) one.sure = leavesEarly(exit, judged.examples[r]!, judged.scope[r]!);
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

  #result(one: Open, each: number, waited: number, options: RouteOptions): RouteResult {
    const closeness = this.#newcomers.length ? this.#scorer.closeness(one.asked) : undefined;
    const verdict: Verdict = {
      stage: one.stage,
      odds: one.odds,
      scope: one.scope,
      newcomers: this.#newcomers.map((m, i) => ({ name: this.profiles.names[m]!, closeness: closeness![i]! })),
      rule: one.rule,
    };
    const composed = compose(this.state, verdict, options);
    const explained = options.explain ?? true;
    return {
      ...composed,
      sure: one.sure || one.stage === 'rule',
      experts: explained ? this.#shares(one) : [],
      explanation: explained ? this.#explain(one, composed) : [],
      latency_ms: each + waited,
      encoder_ms: waited,
    };
  }

  #shares(one: Open): ExpertShare[] {
    const { state } = this;
    const fit = one.stage === 'full' ? state.full! : state.words;
    const total = fit.weights.reduce((sum, weight) => sum + weight, 0) || 1;
    const shares = state.voices.map(({ name, temperature }, v): ExpertShare => {
      const scores = one.scores[v];
      const odds = scores ? Float64Array.from(scores, (score) => score * temperature) : new Float64Array();
      if (scores) softmaxInPlace(odds);
      return {
        name,
        probabilities: scores ? namedOdds(state.labels, odds) : {},
        latency_ms: one.times[v] ?? 0,
        abstained: !scores,
        weight: scores && one.stage !== 'rule' ? (fit.weights[fit.voices.indexOf(v)] ?? 0) / total : 0,
      };
    });
    if (one.rule && !shares.some(({ name }) => name === 'rule')) {
      const { probabilities, latency_ms, abstained } = one.rule;
      shares.unshift({ name: 'rule', probabilities, latency_ms, abstained, weight: one.stage === 'rule' ? 1 : 0 });
    }
    return shares;
  }

  #explain(one: Open, result: Composed): string[] {
    const lines: string[] = [];
    const { labels } = this.state;
    if (one.stage === 'rule') return [`${result.master} was addressed outright`, ...(one.rule?.evidence ?? [])];
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
    else if (one.stage === 'words' && one.sure) {
      lines.push('the words alone were sure enough: the encoder was not asked');
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

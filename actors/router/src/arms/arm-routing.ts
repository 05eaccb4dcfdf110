// Asks answered by the arm that the coordinator chose, with what the other arms say of the same task beside it.
// The one thing to know: the champion hears every ask first, and whatever a challenger or shadow does (throw, hang, talk nonsense), its answer
// goes out at most `patienceMs` later, and where it stands in for a challenger five times that: what the encoder takes is not the
// challenger's fault. The encoder encodes a text once, however many arms ask for its vector.
import type { Logger, Question } from '@cortex/bus';
import type { OtherArm, RouteAnswer } from '@cortex/schemas';
import type { Panel } from '../panel.js';
import { type Answer, answerAll, type ReadAsk, type Routing } from '../routing.js';
import { Pause } from './pause.js';
import { checked, TooSlow } from './sane.js';

/** A model beside the champion. */
export interface TrialPanel {
  readonly arm: 'challenger' | 'shadow';
  readonly name: string;
  readonly panel: Panel;
}

export interface ArmRoutingParts {
  readonly routing: Routing;
  readonly champion: () => Panel;
  /** Models on trial that are loaded now. */
  readonly trials: () => readonly TrialPanel[];
  /** Milliseconds an answer waits for other arms once the champion's is there. */
  readonly patienceMs: number;
  /** Milliseconds before the deadline at which an answer goes out whatever is missing. */
  readonly marginMs: number;
  readonly log: Logger;
}

/** What an arm said of one ask, and how long it took since the batch began. */
type Said = { readonly answer: RouteAnswer; readonly ms: number } | { readonly error: string; readonly ms: number };
interface Hearing extends TrialPanel {
  /** By ask; resolves always. */
  readonly said: readonly Promise<Said>[];
}

/** How much more patience there is with the arm that was asked than with those beside it. */
const STAND_IN = 5;

export class ArmRouting {
  private readonly pauses = new Map<string, Pause>();
  private readonly checkedPanels = new WeakMap<Panel, Panel>();

  constructor(private readonly parts: ArmRoutingParts) {}

  /** One answer a question, in order. */
  answer(questions: readonly Question[]): Promise<Answer[]> {
    return answerAll(questions, (asks) => this.answerAsks(asks));
  }

  private async answerAsks(asks: readonly ReadAsk[]): Promise<Answer[]> {
    const began = performance.now();
    const panel = this.parts.champion();
    const onTrial = this.parts.trials();
    const first = await this.parts.routing.hear(asks, panel);
    // The common case: nothing is on trial, and nobody asks for it.
    if (onTrial.length === 0 && asks.every(({ ask }) => ask.arm === 'champion')) return first;
    const champion = { name: panel.version, said: first.map((answer) => timed(answer, began)) };
    const hearings = onTrial.map((trial) => this.hear(trial, asks));
    return asks.map((read, i) => this.compose(read, first[i] as Answer, champion, hearings, i));
  }

  /** Never rejects, and never throws: an arm that fails has said so. */
  private hear(trial: TrialPanel, asks: readonly ReadAsk[]): Hearing {
    const began = performance.now();
    const pause = this.pauseOf(trial.name);
    const paused = pause.reason();
    if (paused !== undefined) return { ...trial, said: asks.map(async () => ({ error: paused, ms: 0 })) };
    let all: Promise<Answer[]>;
    try {
      all = this.parts.routing.hear(asks, this.check(trial.panel), { aside: true, strict: true });
    } catch (error) {
      all = Promise.reject(error);
    }
    void this.judge(trial.name, all);
    const said = asks.map((_, i) =>
      all.then((answers) => timed(answers[i] as Answer, began)).catch((error: unknown): Said => failed(error, began)),
    );
    return { ...trial, said };
  }

  /** The answer of the arm that was asked, or the champion's with the reason why. */
  private async compose(
    { question, ask }: ReadAsk,
    mine: Answer,
    champion: Pick<Hearing, 'name' | 'said'>,
    hearings: readonly Hearing[],
    i: number,
  ): Promise<RouteAnswer> {
    // An ask that even the champion cannot answer fails as it did before there were arms.
    const fallback = await Promise.resolve(mine).then((answer) => {
      if (answer instanceof Error) throw answer;
      return answer;
    });
    const left = question.deadline - this.parts.marginMs - Date.now();
    const own = await (champion.said[i] as Promise<Said>);
    const asked = hearings.findIndex(({ arm, name }) =>
      ask.model === undefined ? arm === ask.arm : name === ask.model,
    );
    const said = await Promise.all(
      hearings.map((hearing, k) => {
        const patience = this.parts.patienceMs * (k === asked ? STAND_IN : 1);
        return inTime(hearing.said[i] as Promise<Said>, Math.max(0, Math.min(patience, left)), own.ms);
      }),
    );
    const chosen = said[asked];
    const others = (but: number) =>
      hearings.flatMap(({ arm, name }, k) => (k === but ? [] : [otherOf(arm, name, said[k] as Said)]));
    // By its name: this replica may not have heard yet that the version was promoted.
    if (ask.arm === 'champion' && (chosen === undefined || champion.name === ask.model))
      return { ...fallback, arm: 'champion', others: others(-1) };
    if (chosen && 'answer' in chosen)
      return { ...chosen.answer, arm: ask.arm, others: [otherOf('champion', champion.name, own), ...others(asked)] };
    if (ask.model === champion.name) return { ...fallback, arm: ask.arm, others: others(-1) };
    const wanted = ask.model ?? `a ${ask.arm}`;
    const failure = chosen ? `${wanted}: ${chosen.error}` : `${wanted} is not loaded here`;
    return {
      ...fallback,
      arm: 'champion',
      arm_failure: failure,
      others: others(-1),
      explanation: [...fallback.explanation, `The champion decided instead of the ${ask.arm} (${failure}).`],
    };
  }

  /** Whether a model was late with a batch, which is no sign of health; told when it is known, and nobody waits for it. */
  private async judge(name: string, answers: Promise<Answer[]>): Promise<void> {
    const heard = answers.then(async (all) => {
      const settled = await Promise.allSettled(all);
      return settled.some((one) => one.status === 'rejected' && one.reason instanceof TooSlow);
    });
    const slow = await before(
      heard.catch((error: unknown) => error instanceof TooSlow),
      this.parts.patienceMs * STAND_IN,
    );
    if (this.pauseOf(name).heard(slow ?? true))
      this.parts.log.warn('a model on trial is not heard for a while: it is late again and again', { model: name });
  }

  private pauseOf(name: string): Pause {
    let pause = this.pauses.get(name);
    if (!pause) {
      if (this.pauses.size > 20) this.pauses.clear();
      pause = new Pause();
      this.pauses.set(name, pause);
    }
    return pause;
  }

  private check(panel: Panel): Panel {
    let safe = this.checkedPanels.get(panel);
    if (!safe) {
      safe = checked(panel, this.parts.patienceMs);
      this.checkedPanels.set(panel, safe);
    }
    return safe;
  }
}

async function inTime(said: Promise<Said>, waitMs: number, championMs: number): Promise<Said> {
  const first = await before(said, waitMs);
  if (first !== undefined) return first;
  return { error: `late: not there ${Math.round(waitMs)} ms after the champion`, ms: championMs + waitMs };
}

/** Undefined when it takes longer. */
async function before<T>(value: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([value, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function timed(answer: Answer, began: number): Promise<Said> {
  try {
    const found = await answer;
    const ms = performance.now() - began;
    return found instanceof Error ? { error: found.message, ms } : { answer: found, ms };
  } catch (error) {
    return failed(error, began);
  }
}

function failed(error: unknown, began: number): Said {
  return { error: messageOf(error), ms: performance.now() - began };
}

function otherOf(arm: OtherArm['arm'], model: string, said: Said): OtherArm {
  const shared = { arm, model, latency_ms: Math.round(said.ms * 1_000) / 1_000 };
  if ('error' in said) return { ...shared, error: said.error };
  const { probabilities, confidence, abstain } = said.answer;
  const best = Object.entries(probabilities).reduce<[string, number] | undefined>(
    (top, entry) => (top && top[1] >= entry[1] ? top : entry),
    undefined,
  );
  return { ...shared, ...(best ? { master: best[0] } : {}), confidence, abstain };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

// Asks answered by the arm that the coordinator chose, with what the other arms say of the same task beside it.
// The one thing to know: the champion hears every ask first, and whatever a challenger or shadow does (throw, hang, talk nonsense), its answer
// goes out at most `patienceMs` later. The encoder encodes a text once, however many arms ask for its vector.
import type { Logger, Question } from '@cortex/bus';
import type { OtherArm, RouteAnswer } from '@cortex/schemas';
import type { Panel } from '../panel.js';
import { type Answer, type ReadAsk, type Routing, readAsk } from '../routing.js';
import { Pause } from './pause.js';
import { checked } from './sane.js';

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

export class ArmRouting {
  private readonly pauses = new Map<string, Pause>();
  private readonly checkedPanels = new WeakMap<Panel, Panel>();

  constructor(private readonly parts: ArmRoutingParts) {}

  /** One answer a question, in order. */
  async answer(questions: readonly Question[]): Promise<Answer[]> {
    const { routing, champion: championPanel, trials } = this.parts;
    const began = performance.now();
    const answers: Answer[] = new Array(questions.length);
    const asks: ReadAsk[] = [];
    const at: number[] = [];
    questions.forEach((question, index) => {
      const read = readAsk(question);
      if (read instanceof Error) answers[index] = read;
      else {
        asks.push(read);
        at.push(index);
      }
    });
    const panel = championPanel();
    const onTrial = trials();
    const first = await routing.hear(asks, panel);
    // The common case: nothing is on trial, and nobody asks for it.
    if (onTrial.length === 0 && asks.every(({ ask }) => ask.arm === 'champion')) {
      first.forEach((answer, i) => {
        answers[at[i] ?? 0] = answer;
      });
      return answers;
    }
    const champion: Hearing = {
      arm: 'challenger',
      name: panel.version,
      panel,
      said: first.map((answer) => timed(answer, began)),
    };
    const hearings = onTrial.map((trial) => this.hear(trial, asks));
    asks.forEach((read, i) => {
      answers[at[i] ?? 0] = this.compose(read, first[i] as Answer, champion, hearings, i);
    });
    return answers;
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
    const said = asks.map((_, i) =>
      all
        .then((answers) => timed(answers[i] as Answer, began))
        .catch((error: unknown): Said => ({ error: messageOf(error), ms: performance.now() - began })),
    );
    return { ...trial, said };
  }

  /** The answer of the arm that was asked, or the champion's with the reason why. */
  private async compose(
    { question, ask }: ReadAsk,
    mine: Answer,
    champion: Hearing,
    hearings: readonly Hearing[],
    i: number,
  ): Promise<RouteAnswer> {
    // An ask that even the champion cannot answer fails as it did before there were arms.
    const fallback = await Promise.resolve(mine).then((answer) => {
      if (answer instanceof Error) throw answer;
      return answer;
    });
    const left = question.deadline - this.parts.marginMs - Date.now();
    const waitMs = Math.max(0, Math.min(this.parts.patienceMs, left));
    const own = await (champion.said[i] as Promise<Said>);
    const said = await Promise.all(hearings.map((hearing) => this.inTime(hearing, i, waitMs, own.ms)));
    const asked = hearings.findIndex(({ arm, name }) =>
      ask.model === undefined ? arm === ask.arm : name === ask.model,
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

  private async inTime({ name, said }: Hearing, i: number, waitMs: number, championMs: number): Promise<Said> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), waitMs);
    });
    const first = await Promise.race([said[i] as Promise<Said>, late]);
    clearTimeout(timer);
    // One that computes in this process may hold up the clock too: then it has answered, but its own time tells.
    const slow = first === undefined || first.ms > championMs + this.parts.patienceMs;
    const pause = this.pauseOf(name);
    // What is paused says so at once, and that is no sign of health.
    if (pause.reason() === undefined && pause.heard(slow))
      this.parts.log.warn('a model on trial is not heard for a while: it is late again and again', { model: name });
    if (first !== undefined && !slow) return first;
    const ms = first?.ms ?? championMs + waitMs;
    return { error: `late: it had not answered ${Math.round(waitMs)} ms after the champion`, ms };
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
      safe = checked(panel);
      this.checkedPanels.set(panel, safe);
    }
    return safe;
  }
}

async function timed(answer: Answer, began: number): Promise<Said> {
  try {
    const found = await answer;
    const ms = performance.now() - began;
    return found instanceof Error ? { error: found.message, ms } : { answer: found, ms };
  } catch (error) {
    return { error: messageOf(error), ms: performance.now() - began };
  }
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

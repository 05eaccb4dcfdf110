// Asks the router under a deadline and falls back to the rules of this process. Gives up on nobody for long: the next task asks again.
import { type Asker, AskTimeout, count, type Logger, NobodyServes, record, traceIdOf } from '@cortex/bus';
import type { UtilityWeights } from '@cortex/models';
import {
  type Decision,
  type PredictAnswer,
  predictAnswerSchema,
  type RouteAnswer,
  routeAnswerSchema,
  type Task,
  taskKey,
} from '@cortex/schemas';
import type { Assignment } from '../arms/split.js';
import { makeDecision, type RuleVote } from './decision.js';

export interface DeciderOptions {
  readonly asker: Asker;
  readonly log: Logger;
  readonly askTimeoutMs: number;
  readonly predictTimeoutMs: number;
  readonly weights: () => UtilityWeights;
  readonly unsure: () => 'review' | 'best';
  /** Share of the tasks that are drawn from the candidates. */
  readonly exploreShare: () => number;
  /** Masters that may be chosen now; the same array as long as they are the same. */
  readonly masters: () => Choice;
  /** Which model decides a task, by the key of the task. */
  readonly arm: (taskKey: string) => Assignment;
  /** The rules of this process; undefined when no master is registered. */
  readonly rules: (task: Task) => RuleVote | undefined;
}

export interface Choice {
  readonly names: readonly string[];
  /** All that are active: then an ask need not list them, which would cost more than all else with a thousand. */
  readonly all: boolean;
}

export type Decider = (
  task: Task,
  receivedAt: number,
  human?: { master: string; by?: string | undefined; byDefault?: boolean | undefined },
  avoid?: string,
) => Promise<Decision>;

export function createDecider(options: DeciderOptions): Decider {
  return async (task, receivedAt, human, avoid) => {
    const choice = options.masters();
    const others = avoid === undefined ? choice.names : choice.names.filter((name) => name !== avoid);
    const masters = others.length > 0 ? others : choice.names;
    let answer: RouteAnswer | undefined;
    let noAnswer: string | undefined;
    let assigned: Assignment | undefined;
    if (!human && task.master === undefined && masters.length > 0) {
      assigned = options.arm(taskKey(task.id).key);
      const { arm, model, revision } = assigned;
      try {
        answer = await options.asker.ask(
          'router',
          {
            task,
            arm,
            ...(model === undefined ? {} : { model }),
            ...(revision === undefined ? {} : { alias_revision: revision }),
            ...(choice.all && masters === choice.names ? {} : { masters }),
          },
          routeAnswerSchema,
          Date.now() + options.askTimeoutMs,
        );
      } catch (error) {
        noAnswer = reason(error);
        options.log.warn('decided without the router', { task: task.id, reason: noAnswer });
      }
    }
    if (masters.length === 0) noAnswer = 'no master is registered';
    const predicted = await predict(options, task, candidatesOf(answer, human?.master ?? task.master));
    const decision = makeDecision({
      task,
      masters,
      human,
      answer,
      assigned,
      predicted,
      weights: options.weights(),
      noAnswer,
      rule: answer || human || task.master !== undefined ? undefined : options.rules(task),
      unsure: options.unsure(),
      exploreShare: options.exploreShare(),
      latencyMs: performance.now() - receivedAt,
      now: new Date(),
      traceId: traceIdOf(),
    });
    measureDecision(decision);
    return decision;
  };
}

function measureDecision({ master, method, arm, confidence, candidates, experts }: Decision): void {
  count('decisions', { master, method, arm });
  record('decisionConfidence', confidence, { method });
  record('candidates', candidates.length, { method });
  for (const { name: expert, abstained, latency_ms, probabilities } of experts) {
    record('expertDuration', latency_ms / 1_000, { expert });
    const best = Object.entries(probabilities).reduce((top, one) => (one[1] > top[1] ? one : top), ['', 0]);
    count('expertVotes', { expert, vote: abstained ? 'abstained' : best[0] === master ? 'agreed' : 'differed' });
  }
}

/** Most masters a prediction is asked for: those that could still be chosen. */
const MOST_CANDIDATES = 8;

function candidatesOf(answer: RouteAnswer | undefined, fixed: string | undefined): string[] {
  if (fixed !== undefined) return [fixed];
  const byOdds = Object.entries(answer?.probabilities ?? {}).sort((a, b) => b[1] - a[1]);
  return byOdds.slice(0, MOST_CANDIDATES).map(([master]) => master);
}

/** A prediction is welcome but never waited for beyond its deadline, and never a reason to fail. */
async function predict(options: DeciderOptions, task: Task, masters: string[]): Promise<PredictAnswer | undefined> {
  if (masters.length === 0 || options.predictTimeoutMs === 0 || !options.asker.serves('predictor')) return undefined;
  try {
    return await options.asker.ask(
      'predictor',
      { task, masters },
      predictAnswerSchema,
      Date.now() + options.predictTimeoutMs,
    );
  } catch (error) {
    if (!(error instanceof NobodyServes))
      options.log.warn('decided without a prediction', { task: task.id, reason: String(error) });
    return undefined;
  }
}

function reason(error: unknown): string {
  if (error instanceof NobodyServes) return 'no router is running';
  if (error instanceof AskTimeout) return `the router did not answer within ${Math.round(error.waitedMs)} ms`;
  return `the router failed (${error instanceof Error ? error.message : String(error)})`;
}
